"""`signoff diff`: what changed from one run to another."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signoff.exit_code import ExitCode

if TYPE_CHECKING:
    from checks.difference import Difference


def diff(
    before: Annotated[Path, typer.Argument(help="The folder of the earlier run.")],
    after: Annotated[Path, typer.Argument(help="The folder of the later run.")],
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say which checks newly fail, are fixed, are slower, or are expected otherwise than in an earlier run.

    Example:

      signoff diff signoff-runs/20260110T100000Z-0a1b2c3d signoff-runs/20260111T100000Z-4e5f6a7b --json

    Exit codes: 0 nothing newly fails, 1 something does, 2 usage error.
    """
    from checks.difference import difference
    from checks.record_file import read_record

    found = difference(read_record(before), read_record(after))
    if json_:
        sys.stdout.write(json.dumps(asdict(found), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in _lines(found)) or "nothing changed\n")
    raise typer.Exit(ExitCode.NO_GO if found.newly_failing else ExitCode.GO)


def _lines(found: Difference) -> list[str]:
    from checks.redaction import visible

    lines = [
        f"{words}: {change.check}: {visible(change.before)} → {visible(change.after)}"
        for words, changes in (
            ("newly failing", found.newly_failing),
            ("fixed", found.fixed),
            ("slower", found.slower),
            ("expectation changed", found.expectation_changed),
        )
        for change in changes
    ]
    return [*lines, *(f"added: {name}" for name in found.added), *(f"removed: {name}" for name in found.removed)]
