"""`signoff report`: a run's report again, from its verdict.json."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """The views of a run that this version has."""

    MARKDOWN = "md"
    JSON = "json"


def report(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    format_: Annotated[Format, typer.Option("--format", help="The view.")] = Format.MARKDOWN,
) -> None:
    """Print a run's report to stdout, made from its verdict.json.

    Example:

      signoff report signoff-runs/20260111T100000Z-0a1b2c3d --format md
    """
    from reports import markdown
    from reports.reading import read_record

    record = read_record(run)
    if format_ is Format.MARKDOWN:
        sys.stdout.write(markdown.render(record))
    else:
        sys.stdout.write(record.model_dump_json(indent=2) + "\n")
