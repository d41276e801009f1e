"""The options that all commands of `signoff rollback` share, once, and the sources they name."""

import inspect
import os
from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from signoff.exit_code import ExitCode

if TYPE_CHECKING:
    from signoff.commands.rollback.asked import Asked

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

Zone = Annotated[str | None, typer.Option(metavar="NAME", help="Tell times in this zone too, such as Europe/Berlin.")]

Parsed = TypeVar("Parsed")

EXIT = {"CONTINUE": ExitCode.GO, "HOLD": ExitCode.HOLD, "ROLLBACK": ExitCode.ROLLBACK}
"""A verdict's exit code."""


def what_is_asked(
    checklist: Annotated[
        Path | None, typer.Argument(help="Whose criteria. [default: ./checklist.yaml, else built-in ones]")
    ] = None,
    logs: Annotated[
        list[str] | None, typer.Option("--logs", metavar="FILE", help="Log file or glob pattern. Repeatable.")
    ] = None,
    log_format: Annotated[str, typer.Option("--format", help="The logs' format, or auto to recognise it.")] = "auto",
    prometheus: Annotated[str | None, typer.Option(metavar="URL", help="Measure by this Prometheus.")] = None,
    profile: Annotated[str | None, typer.Option(help="Whose values `${…}` takes.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A profile value, or target.FIELD.")
    ] = None,
) -> "Asked":
    """Load what the options name; raises ConfigurationError for what cannot be asked."""
    from signoff.commands.rollback.asked import asked
    from signoff.setting import read_settings

    return asked(
        checklist,
        profile=profile,
        settings=read_settings(set_ or []),
        environ=os.environ,
        logs=logs or (),
        log_format=log_format,
        prometheus=prometheus,
    )


def asking(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `what_is_asked` before its own; its first argument is what they name."""
    shared = list(inspect.signature(what_is_asked).parameters.values())
    _, *own = inspect.signature(command).parameters.values()

    def asked_first(**given: Any) -> None:
        named = {parameter.name: given.pop(parameter.name) for parameter in shared}
        command(what_is_asked(**named), **given)

    asked_first.__doc__ = command.__doc__
    asked_first.__name__ = command.__name__
    asked_first.__annotations__ = {each.name: each.annotation for each in (*shared, *own)}
    asked_first.__signature__ = inspect.Signature([*shared, *own])  # type: ignore[attr-defined]  # as inspect documents
    return asked_first


def moment(option: str, text: str | None, now: datetime) -> datetime:
    """A time that an option gives, `now` where it is not given; raises BadParameter for what is no time."""
    from checks.metrics.spans import parse_moment

    return now if text is None else _given(option, lambda: parse_moment(text, now))


def zone_of(name: str | None) -> tzinfo | None:
    """The zone that --zone names, None where it is not given; raises BadParameter for an unknown one."""
    if name is None:
        return None
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise typer.BadParameter(f"--zone: there is no time zone {name!r}") from error


def span_s(option: str, text: str) -> float:
    """A span in seconds that an option gives; raises BadParameter for what is no span."""
    from checks.metrics.spans import parse_span

    return _given(option, lambda: parse_span(text).total_seconds())


def _given(option: str, parse: Callable[[], Parsed]) -> Parsed:
    try:
        return parse()
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}") from error
