"""`signoff bundle`: a signed run as one archive."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def bundle(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    output: Annotated[Path | None, typer.Option(help="The archive. [default: <the run's name>.tar, here]")] = None,
) -> None:
    """Write a run and its signatures as one archive, for somebody who has neither signoff nor Python.

    Example:

      signoff bundle signoff-runs/20260111T100000Z-0a1b2c3d --output release.tar

    Exit codes: 0 written, 2 nothing was written.
    """
    from checks.signing import bundle as bundling

    archive = output or Path(f"{run.resolve().name}.tar")
    count = bundling.bundle(run, archive)
    sys.stdout.write(f"{archive}: {count} files\n")
