"""Going on with a run: a sitting in which what is due is looked at, and what somebody wants looked at again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signoff.conducting import conduct_and_leave

if TYPE_CHECKING:
    from checks.engine import Options
    from signoff.run_options import Output

Moved = Annotated[Path | None, typer.Option("--checklist", help="Where the checklist is now, if it was moved.")]


def go_on(
    run: Path,
    options: Options,
    output: Output,
    *,
    settings: Sequence[str],
    checklist: Path | None,
    again: Sequence[str] = (),
    reason: str = "",
    approved: datetime | None = None,
) -> None:
    """Go on with the run in a folder; raises typer.Exit with the verdict's exit code.

    `again` are checks to look at once more and `reason` is why; `approved` is when the gate let the release go.
    """
    from checks.resuming import resumed
    from signoff.setting import read_settings

    request = resumed(
        run,
        again=again,
        reason=reason,
        checklist=checklist,
        approved=approved,
        settings=read_settings(settings),
        environ=os.environ,
    )
    conduct_and_leave(request, options, output)
