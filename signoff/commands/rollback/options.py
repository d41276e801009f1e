"""The options that all commands of `signoff rollback` share, and the sources they name."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from signoff.exit_code import ExitCode

if TYPE_CHECKING:
    from signoff.commands.rollback.asked import Asked

Checklist = Annotated[
    Path | None, typer.Argument(help="Whose criteria. [default: ./checklist.yaml, else built-in ones]")
]
Logs = Annotated[list[str] | None, typer.Option("--logs", metavar="FILE", help="Log file or glob pattern. Repeatable.")]
LogFormat = Annotated[str, typer.Option("--format", help="The logs' format, or auto to recognise it.")]
Prometheus = Annotated[str | None, typer.Option(metavar="URL", help="Measure by this Prometheus.")]
Profile = Annotated[str | None, typer.Option(help="Whose values `${…}` takes.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A profile value, or target.FIELD.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

Parsed = TypeVar("Parsed")

EXIT = {"CONTINUE": ExitCode.GO, "HOLD": ExitCode.HOLD, "ROLLBACK": ExitCode.ROLLBACK}
"""A verdict's exit code."""


def what_is_asked(
    checklist: Path | None,
    profile: str | None,
    settings: list[str] | None,
    logs: list[str] | None,
    log_format: str,
    prometheus: str | None,
) -> Asked:
    """Load what the options name; raises ConfigurationError for what cannot be asked."""
    from signoff.commands.rollback.asked import asked
    from signoff.setting import read_settings

    return asked(
        checklist,
        profile=profile,
        settings=read_settings(settings or []),
        environ=os.environ,
        logs=logs or (),
        log_format=log_format,
        prometheus=prometheus,
    )


def moment(option: str, text: str | None, now: datetime) -> datetime:
    """A time that an option gives, `now` where it is not given; raises BadParameter for what is no time."""
    from checks.metrics.spans import parse_moment

    return now if text is None else _given(option, lambda: parse_moment(text, now))


def span_s(option: str, text: str) -> float:
    """A span in seconds that an option gives; raises BadParameter for what is no span."""
    from checks.metrics.spans import parse_span

    return _given(option, lambda: parse_span(text).total_seconds())


def _given(option: str, parse: Callable[[], Parsed]) -> Parsed:
    try:
        return parse()
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}") from error
