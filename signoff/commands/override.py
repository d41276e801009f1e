"""`signoff override`: break the glass, for a while and with one's name to it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from checks.signing.gate import Decision


def override(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    reason: Annotated[str, typer.Option(help="Why the release cannot wait; it is signed with the rest.")],
    expires: Annotated[
        str, typer.Option(metavar="TIME", help="Until when it counts: a span from now (24h, 7d) or a time in UTC.")
    ],
    role: Annotated[str, typer.Option(help="A role of the checklist with `may_override: true`.")],
    key: Annotated[Path, typer.Option(help="Your SSH key: a private one, or a public one that an agent has.")],
) -> None:
    """Sign that a release goes in spite of what its evidence says, or of who has not signed yet.

    The gate then says OVERRIDDEN and exits with 5; it lists what was passed over. So does every view, beside the run's
    own as override.ROLE.KEY.report.md and so on. Nothing passes over a changed byte, a rejection, or a run that is not
    whole.

    Example:

      signoff override RUN --reason "p95 is of a known slow upstream" --expires 24h --role tech-lead
      --key ~/.ssh/id_ed25519

    Exit codes: 0 signed, 2 nothing was signed.
    """
    from checks.record_file import read_record
    from checks.signing import overriding
    from checks.signing.statement import now
    from reports.escaping import plain
    from signoff.views import FILE_NAMES, view

    record = read_record(run)
    signed_at = now()
    until = overriding.parse_expiry(expires, signed_at)

    def views(decision: Decision) -> dict[str, bytes]:
        return {end: view(run, record, format_, decision).encode() for format_, end in FILE_NAMES.items()}

    path = overriding.override(run, record, role, key, reason, until, signed_at, views)
    sys.stdout.write(f"{role}: overridden until {until:%Y-%m-%d %H:%M:%S} UTC, signed in {path}\n")
    sys.stderr.write(f"the views that tell of it: {run / path.stem}.*\n")
    for each in record.reasons:
        sys.stderr.write(f"passed over: {plain(each)}\n")
