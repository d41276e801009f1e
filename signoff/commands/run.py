"""`signoff run`: run a checklist, show how it goes, write the report."""

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
    Settings,
    options_of,
)


def run(
    checklist: Annotated[Path, typer.Argument(help="The checklist.")] = Path("checklist.yaml"),
    profile: Annotated[str | None, typer.Option(help="Whose values `${…}` takes.")] = None,
    stage: Annotated[list[str] | None, typer.Option(help="Only this stage, and what it needs. Repeatable.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only checks with this tag. Repeatable.")] = None,
    check: Annotated[list[str] | None, typer.Option(help="Only this check. Repeatable.")] = None,
    set_: Settings = None,
    output: Annotated[Path | None, typer.Option(help="The run's folder. [default: signoff-runs/<UTC>-<nonce>]")] = None,
    reference: Annotated[
        bool, typer.Option("--reference", help="Build, start and check the reference proxy, on loopback.")
    ] = False,
    non_interactive: NonInteractive = False,
    answers: Answers = None,
    fail_fast: FailFast = False,
    jobs: Jobs = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Run a checklist and write its sign-off report.

    Examples:

      signoff run --reference

      signoff run --profile production --answers answers.yaml

      signoff run --stage smoke-tests --non-interactive --set target.url=http://127.0.0.1:8045

    Exit codes: 0 GO, 1 NO-GO, 2 usage error, 3 HOLD, 4 defect of signoff, 130 interrupted.
    """
    from checks.request import Request
    from signoff.setting import read_settings

    told = Output(json_, quiet)
    options = options_of(told, answers=answers, non_interactive=non_interactive, fail_fast=fail_fast, jobs=jobs)
    request = Request(
        checklist=checklist,
        profile=profile or ("reference" if reference else None),
        settings=read_settings(set_ or []),
        stages=tuple(stage or ()),
        tags=tuple(tag or ()),
        checks=tuple(check or ()),
        output=output,
        reference=reference,
        environ=os.environ,
    )
    conduct_and_leave(request, options, told)
