"""`signoff continue`: do what has become due in a run."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from signoff.commands.gate import BUNDLE_HELP, REVOKED_HELP, ask_gate
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

USUAL_SIGNERS = Path("allowed_signers")
SIGNERS_HELP = "Who may sign, for what is due after the approval. [default: allowed_signers, where it is there]"


def continue_(
    run: RunFolderArgument,
    answers: Answers = None,
    set_: Settings = None,
    checklist: Moved = None,
    allowed_signers: Annotated[Path | None, typer.Option(metavar="FILE", help=SIGNERS_HELP)] = None,
    revoked_keys: Annotated[Path | None, typer.Option(metavar="FILE", help=REVOKED_HELP)] = None,
    bundle: Annotated[list[str] | None, typer.Option(metavar="ENVIRONMENT=FILE", help=BUNDLE_HELP)] = None,
    non_interactive: NonInteractive = False,
    fail_fast: FailFast = False,
    jobs: Jobs = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Go on with a run: look at what was not looked at to the end, what awaits an answer, what changed, what is due.

    Results stand while the check as it is written, its profile, the release and the target are what they were. What is
    due after the approval is looked at once `signoff gate` lets the release go. Where nothing is due, the run and its
    approvals stay; otherwise approvals are void, since they were of other bytes: keep them by `signoff bundle` first.

    Examples:

      signoff continue signoff-runs/20260111T100000Z-0a1b2c3d

      signoff continue RUN --answers answers.yaml

      signoff continue RUN --allowed-signers allowed_signers

    Exit codes: 0 GO, 1 NO-GO, 2 usage error, 3 HOLD, 4 defect of signoff, 130 interrupted.
    """
    told = Output(json_, quiet)
    options = options_of(told, answers=answers, non_interactive=non_interactive, fail_fast=fail_fast, jobs=jobs)
    signers = allowed_signers or (USUAL_SIGNERS if USUAL_SIGNERS.is_file() else None)
    approved = _approved(run, signers, revoked_keys, bundle or []) if signers else None
    go_on(run, options, told, settings=set_ or [], checklist=checklist, approved=approved)


def _approved(run: Path, signers: Path, revoked_keys: Path | None, bundles: list[str]) -> datetime | None:
    """When the release was approved, as the gate says; asked only where something is due after that."""
    from checks.standing import awaits_approval

    return ask_gate(run, signers, revoked_keys, bundles).approved_at if awaits_approval(run) else None
