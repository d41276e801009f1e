"""`signoff abandon`: give a run up."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from signoff.run_options import RunFolderArgument


def abandon(run: RunFolderArgument, reason: Annotated[str, typer.Option(help="Why; the report tells it.")]) -> None:
    """Give a run up: it is never GO, and nothing more of it is looked at. Approvals are void.

    Example:

      signoff abandon signoff-runs/20260111T100000Z-0a1b2c3d --reason "the release is withdrawn"

    Exit codes: 0 given up, 2 usage error.
    """
    from checks import abandoning
    from checks.run_folder import RunFolder
    from signoff.conducting import write_reports

    record = abandoning.abandon(run, reason)
    if record is not None:
        write_reports(RunFolder(run.resolve(), record.run_id, record.nonce), record, None)
    sys.stdout.write(f"{run}: abandoned\n")
