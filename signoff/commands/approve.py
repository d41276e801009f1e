"""`signoff approve`: sign a finished run in a role."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def approve(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    role: Annotated[str, typer.Option(help="The role of the checklist that you sign in.")],
    key: Annotated[Path, typer.Option(help="Your SSH key: a private one, or a public one that an agent has.")],
    reject: Annotated[bool, typer.Option("--reject", help="Say no; one such signature vetoes the release.")] = False,
    comment: Annotated[str, typer.Option(help="What you have to say; it is signed with the rest.")] = "",
) -> None:
    """Sign every byte of a finished run, for or against the release.

    Examples:

      signoff approve signoff-runs/20260111T100000Z-0a1b2c3d --role qa-lead --key ~/.ssh/id_ed25519

      signoff approve RUN --role tech-lead --key ~/.ssh/id_ed25519 --reject --comment "the p95 is too near the limit"

    Exit codes: 0 signed, 2 nothing was signed.
    """
    from checks.record_file import read_record
    from checks.signing import approving
    from checks.signing.statement import now

    record = read_record(run)
    path = approving.approve(run, record, role, key, "reject" if reject else "approve", comment, now())
    said = "rejected" if reject else "approved"
    sys.stdout.write(f"{role}: {said} {record.release.name} {record.release.version}, signed in {path}\n")
    if record.verdict != "GO" or record.scope != "full":
        scope = " of a partial run" if record.scope != "full" else ""
        sys.stderr.write(f"the evidence says {record.verdict.value}{scope}: the gate stays closed\n")
