"""`signoff logs`: hit rate, error rate and latency from log files, as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import typer

Parsed = TypeVar("Parsed")

USAGE_ERROR = 2
HOLD = 3

EPILOG = """
Examples:

  signoff logs ~/.image-proxy/logs/*.jsonl*

  signoff logs --since 1h --window 5m logs/image-proxy.jsonl

  signoff logs --json --since 2026-01-11T10:00:00Z --until 2026-01-11T11:00:00Z logs/*.gz

Exit codes: 0; 2 where nothing could be read; 3 where no measure can be given (no request, or too much unparsed).
"""


def logs(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE...", help="Log files or glob patterns, plain or .gz; each file counts once."),
    ] = None,
    log_format: Annotated[
        str, typer.Option("--format", help="A built-in log format, or auto to recognise it.")
    ] = "auto",
    since: Annotated[str | None, typer.Option(help="Count from then on: an ISO time, or how long ago, as 1h.")] = None,
    until: Annotated[str | None, typer.Option(help="Count before then: an ISO time, or how long ago.")] = None,
    window: Annotated[str, typer.Option(help="Length of a window: 30s, 1m, 1h.")] = "1m",
    engine: Annotated[str, typer.Option(help="duckdb; spark is not in this version.")] = "duckdb",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Measure hit rate, error rate and latency from logs."""
    from checks.metrics.engine import read_windows
    from checks.metrics.errors import LogSourceError
    from checks.metrics.spans import parse_moment, parse_window

    now = datetime.now(UTC)
    try:
        _known_engine(engine)
        first = _given("--since", since, lambda text: parse_moment(text, now))
        last = _given("--until", until, lambda text: parse_moment(text, now))
        _in_order(first, last)
        table = read_windows(
            files or [],
            log_format=log_format,
            since=first,
            until=last,
            window_s=_given("--window", window, parse_window) or 60,
            now=now,
        )
    except (ValueError, LogSourceError) as error:
        typer.echo(f"signoff logs: {error}", err=True)
        raise typer.Exit(USAGE_ERROR) from error
    if as_json:
        from checks.metrics.summary import summary

        typer.echo(json.dumps(summary(table), indent=2, allow_nan=False))
    else:
        from rich.console import Console

        from signoff.commands.logs_view import view

        Console().print(view(table))
    if table.unknown_reason:
        typer.echo(f"signoff logs: no measure can be given: {table.unknown_reason}", err=True)
        raise typer.Exit(HOLD)


def _in_order(since: datetime | None, until: datetime | None) -> None:
    if since and until and since >= until:
        raise ValueError(f"--since {since:%Y-%m-%dT%H:%M:%SZ} is not before --until {until:%Y-%m-%dT%H:%M:%SZ}")


def _known_engine(engine: str) -> None:
    if engine == "spark":
        raise ValueError("--engine spark: this version reads logs with duckdb only; leave --engine out")
    if engine != "duckdb":
        raise ValueError(f"--engine {engine}: there is no such engine; leave it out, or write duckdb")


def _given(option: str, text: str | None, parse: Callable[[str], Parsed]) -> Parsed | None:
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from error
