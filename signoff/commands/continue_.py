"""`signoff continue`: do what has become due in a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from signoff.conducting import conduct_and_leave
from signoff.run_options import (
    Answers,
    FailFast,
    Jobs,
    Json,
    NonInteractive,
    Output,
    Quiet,
    RunFolderArgument,
    Settings,
    options_of,
)


def continue_(
    run: RunFolderArgument,
    answers: Answers = None,
    set_: Settings = None,
    checklist: Annotated[Path | None, typer.Option(help="Where the checklist is now, if it was moved.")] = None,
    non_interactive: NonInteractive = False,
    fail_fast: FailFast = False,
    jobs: Jobs = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Go on with a run: look at what was not looked at to the end, what awaits an answer, and what changed.

    Results stand while the check as it is written, its profile, the release and the target are what they were. Where
    nothing is due, the run and its approvals stay; otherwise approvals are void, since they were of other bytes.

    Examples:

      signoff continue signoff-runs/20260111T100000Z-0a1b2c3d

      signoff continue RUN --answers answers.yaml

    Exit codes: 0 GO, 1 NO-GO, 2 usage error, 3 HOLD, 4 defect of signoff, 130 interrupted.
    """
    from checks.resuming import resumed
    from signoff.setting import read_settings

    told = Output(json_, quiet)
    options = options_of(told, answers=answers, non_interactive=non_interactive, fail_fast=fail_fast, jobs=jobs)
    settings = read_settings(set_ or [])
    conduct_and_leave(resumed(run, checklist=checklist, settings=settings, environ=os.environ), options, told)
