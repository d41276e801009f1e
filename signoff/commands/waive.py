"""`signoff waive`: let a release go without a check, for a while, with who answers for it."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from signoff.conducting import conduct_and_leave
from signoff.run_options import Json, Output, Quiet, RunFolderArgument, Settings, options_of


def waive(
    run: RunFolderArgument,
    check: Annotated[str, typer.Argument(metavar="ID", help="The check that did not pass.")],
    reason: Annotated[str, typer.Option(help="Why the release can go without it.")],
    owner: Annotated[str, typer.Option(help="Who mends it.")],
    approver: Annotated[str, typer.Option(help="Who allows it.")],
    expires: Annotated[str, typer.Option(help="Until when: a UTC instant, or a day, which ends in UTC.")],
    ticket: Annotated[str | None, typer.Option(help="Where it is followed up.")] = None,
    set_: Settings = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Waive a check of one run of one release: it keeps its result, which every report shows with the waiver.

    It covers fail, no_data and error; never an answer or a signature that is awaited. Waivers for more than one run
    stand in the checklist, under `waivers`. What else is due is looked at, and approvals are void.

    Example:

      signoff waive RUN cache-hit-rate --reason "known, mended in v3.3.21" --owner cache-team --approver release-manager
      --expires 2026-02-01

    Exit codes: 0 GO, 1 NO-GO, 2 usage error, 3 HOLD, 4 defect of signoff, 130 interrupted.
    """
    from checks.resuming import waiving
    from signoff.setting import read_settings

    told = Output(json_, quiet)
    options = options_of(told, answers=None, non_interactive=True, fail_fast=False, jobs=None)
    said = {"check": check, "reason": reason, "owner": owner, "approver": approver, "expires": expires}
    asked = waiving(run, {**said, "ticket": ticket}, settings=read_settings(set_ or []), environ=os.environ)
    conduct_and_leave(asked, options, told)
