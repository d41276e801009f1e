"""`signoff lint`: everything that is wrong with a checklist, at once."""

from __future__ import annotations

import json
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
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are problems.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Say everything that is wrong with a checklist, and warn of what is weak, with line and column.

    Needs no variable to be set. Weak is a check that can be run and shows little: an expectation that cannot fail, a
    rate without `min_samples`, a slow kind without `timeout`, `echo` of a variable, and what has a `todo`.

    Examples:

      signoff lint

      signoff lint checklist.yaml --covers page.md --strict

      signoff lint --json

    Exit codes: 0 clean, 2 problems, with --strict also for warnings.
    """
    from checks.linting import lint_checklist

    errors, warnings = lint_checklist(checklist, covers, os.environ)
    failed = bool(errors or (strict and warnings))
    if json_:
        from checks.errors import as_json

        told = {"file": str(checklist), "clean": not failed, "errors": as_json(errors), "warnings": as_json(warnings)}
        sys.stdout.write(json.dumps({"schema_version": 1, **told}, indent=1) + "\n")
    else:
        for problem in warnings:
            sys.stderr.write(f"{problem} (warning)\n")
        for problem in errors:
            sys.stderr.write(f"{problem}\n")
        sys.stderr.write(_summary(checklist, len(errors), len(warnings), failed=failed))
    if failed:
        raise typer.Exit(ExitCode.USAGE)


def _summary(checklist: Path, errors: int, warnings: int, *, failed: bool) -> str:
    if failed:
        return f"{errors} problem(s)\n" if errors else f"{warnings} warning(s), which --strict counts as problems\n"
    return f"{checklist}: clean\n" if not warnings else f"{checklist}: clean, {warnings} warning(s)\n"
