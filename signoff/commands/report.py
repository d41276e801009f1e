"""`signoff report`: a run's report again, from its verdict.json."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from signoff.views import Format, view


def report(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    format_: Annotated[Format, typer.Option("--format", help="The view.")] = Format.MARKDOWN,
) -> None:
    """Print a run's report to stdout, made from its verdict.json.

    Example:

      signoff report signoff-runs/20260111T100000Z-0a1b2c3d --format junit
    """
    from checks.record_file import read_record

    sys.stdout.write(view(read_record(run), format_))
