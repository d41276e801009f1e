"""`signoff rerun`: look at a check once more, for a reason that the report tells."""

from __future__ import annotations

from typing import Annotated

import typer

from signoff.going_on import Moved, go_on
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


def rerun(
    run: RunFolderArgument,
    checks: Annotated[list[str], typer.Argument(metavar="ID...", help="Checks to look at once more.")],
    reason: Annotated[str, typer.Option(help="Why; the report tells it.")],
    answers: Answers = None,
    set_: Settings = None,
    checklist: Moved = None,
    non_interactive: NonInteractive = False,
    fail_fast: FailFast = False,
    jobs: Jobs = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Look at checks once more, and at all that hangs on them, and do what else has become due.

    Earlier results stay in the record with their evidence, and the report counts them. Approvals are void.

    Examples:

      signoff rerun signoff-runs/20260111T100000Z-0a1b2c3d unit-tests --reason "the flaky test is mended"

      signoff rerun RUN cache-hit-rate error-rate --reason "an hour of traffic has come in"

    Exit codes: 0 GO, 1 NO-GO, 2 usage error, 3 HOLD, 4 defect of signoff, 130 interrupted.
    """
    told = Output(json_, quiet)
    options = options_of(told, answers=answers, non_interactive=non_interactive, fail_fast=fail_fast, jobs=jobs)
    go_on(run, options, told, settings=set_ or [], checklist=checklist, again=checks, reason=reason)
