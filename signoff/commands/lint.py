"""`signoff lint`: everything that is wrong with a checklist, at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from signoff.exit_code import ExitCode


def lint(
    checklist: Annotated[Path, typer.Argument(help="The checklist.")] = Path("checklist.yaml"),
    covers: Annotated[
        Path | None, typer.Option(metavar="PAGE.md", help="Also: is every line that this page claims covered?")
    ] = None,
) -> None:
    """Say everything that is wrong with a checklist, with line and column. Needs no variable to be set.

    Examples:

      signoff lint

      signoff lint checklist.yaml --covers page.md

    Exit codes: 0 clean, 2 problems.
    """
    from checks.linting import lint_checklist

    errors, warnings = lint_checklist(checklist, covers, os.environ)
    for problem in warnings:
        sys.stderr.write(f"{problem} (warning)\n")
    for problem in errors:
        sys.stderr.write(f"{problem}\n")
    if errors:
        sys.stderr.write(f"{len(errors)} problem(s)\n")
        raise typer.Exit(ExitCode.USAGE)
    sys.stderr.write(f"{checklist}: clean\n")
