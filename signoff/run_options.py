"""Options that every command has that runs checks, written once."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from checks.engine import Options

RunFolderArgument = Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A profile value, or target.FIELD.")
]
NonInteractive = Annotated[bool, typer.Option("--non-interactive", help="Ask nobody; answers are pending.")]
Answers = Annotated[Path | None, typer.Option(metavar="FILE", help="YAML file of answers, by check id.")]
FailFast = Annotated[bool, typer.Option("--fail-fast", help="Start nothing more after a failure.")]
Jobs = Annotated[int | None, typer.Option(min=1, max=64, help="Checks side by side. [default: cores, at least 4]")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only the verdict.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON event a line, the last being the verdict.")]


@dataclass(frozen=True)
class Output:
    """How a run is told of while it goes on."""

    as_json: bool
    quiet: bool


def options_of(
    output: Output, *, answers: Path | None, non_interactive: bool, fail_fast: bool, jobs: int | None
) -> Options:
    """The engine's options; people are asked where there is a terminal to ask them at."""
    from checks.answers import read_answers
    from checks.engine import DEFAULT_JOBS, Options

    return Options(
        jobs=jobs or DEFAULT_JOBS,
        fail_fast=fail_fast,
        interactive=not non_interactive and not output.as_json and sys.stdin.isatty(),
        answers=read_answers(answers) if answers else {},
    )
