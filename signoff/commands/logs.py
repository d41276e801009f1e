"""`signoff logs`: hit rate, error rate and latency from logs, for people, as JSON, CSV, Parquet or a picture."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from checks.metrics.table import WindowTable
    from signoff.commands.logs_question import Question

USAGE_ERROR = 2
HOLD = 3

EPILOG = """
Examples:

  signoff logs ~/.image-proxy/logs/*.jsonl*

  signoff logs --since 1h --window 5m logs/image-proxy.jsonl

  signoff logs --json --since 2026-01-11T10:00:00Z --until 2026-01-11T11:00:00Z logs/*.gz

  signoff logs --parquet a.parquet logs/*.zst; then on one machine: signoff logs a.parquet b.parquet

  signoff logs --compare before.parquet logs/image-proxy.jsonl

  signoff logs --explain 1042 logs/image-proxy.jsonl

  signoff logs --engine spark --master spark://cluster:7077 --format image-proxy "s3a://bucket/logs/*.jsonl"

Exit codes: 0; 2 where nothing could be read; 3 where no measure can be given (no request, or too much unparsed).
"""


def logs(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE...",
            help="Log files or glob patterns, plain, .gz or .zst, each counted once; - for standard input; files of "
            "--parquet, which are added up.",
        ),
    ] = None,
    log_format: Annotated[
        str, typer.Option("--format", help="A built-in log format, a .yaml file of your own, or auto to recognise it.")
    ] = "auto",
    since: Annotated[str | None, typer.Option(help="Count from then on: an ISO time, or how long ago, as 1h.")] = None,
    until: Annotated[str | None, typer.Option(help="Count before then: an ISO time, or how long ago.")] = None,
    window: Annotated[str, typer.Option(help="Length of a window: 30s, 1m, 1h.")] = "1m",
    engine: Annotated[str, typer.Option(help="What reads the logs: duckdb, or spark.")] = "duckdb",
    master: Annotated[
        str | None, typer.Option(metavar="URL", help="With --engine spark: the cluster. Default: this machine.")
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE::TABLE", help="A table or view of an SQLite or DuckDB file, each row a request."),
    ] = None,
    prometheus: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask this Prometheus, from --since (default: 1h) to --until.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="FIELD", help="Tell requests apart by model, account, status or cache.")
    ] = None,
    baseline: Annotated[
        list[str] | None,
        typer.Option("--compare", metavar="FILE", help="Compare with these logs or windows: ratios and intervals."),
    ] = None,
    explain: Annotated[
        int | None, typer.Option(metavar="LINE", min=1, help="Show how this line of one file was read, and stop.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the windows as CSV.")] = False,
    parquet: Annotated[Path | None, typer.Option(help="Write the windows into this file too.")] = None,
    chart: Annotated[Path | None, typer.Option(help="Draw the windows into this .png or .svg file too.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on reading as the logs grow: a line a window, until interrupted.")
    ] = False,
    checkpoint: Annotated[
        Path | None, typer.Option(help="With --follow: keep here what was read, and go on from there.")
    ] = None,
) -> None:
    """Measure hit rate, error rate and latency from logs."""
    from checks.metrics.errors import LogSourceError
    from signoff.commands.logs_question import question

    try:
        _one_output(as_json, as_csv)
        if explain is not None:
            _explain(files or [], explain, log_format, as_json)
            return
        asked = question(
            [*(files or []), *(table or [])],
            log_format=log_format,
            since=since,
            until=until,
            window=window,
            by=by,
            prometheus=prometheus,
            now=datetime.now(UTC),
            engine=engine,
            master=master,
        )
        if follow or checkpoint is not None:
            _follow(asked, checkpoint, engine, as_json)
            return
        found = asked.answer()
        other = asked.of(baseline) if baseline else None
        _keep(found, parquet, None if found.unknown_reason else chart)
        _show(found, other, as_json=as_json, as_csv=as_csv)
    except (ValueError, OSError, LogSourceError) as error:
        typer.echo(f"signoff logs: {error}", err=True)
        raise typer.Exit(USAGE_ERROR) from error
    if found.unknown_reason:
        typer.echo(f"signoff logs: no measure can be given: {found.unknown_reason}", err=True)
        raise typer.Exit(HOLD)


def _one_output(as_json: bool, as_csv: bool) -> None:
    if as_json and as_csv:
        raise ValueError("--json and --csv: standard output holds one of them")


def _explain(files: list[str], line: int, log_format: str, as_json: bool) -> None:
    from signoff.commands.logs_explained import explained

    if len(files) != 1:
        raise ValueError("--explain: name the one file whose line is meant")
    typer.echo(explained(files[0], line, log_format, as_json=as_json))


def _follow(asked: Question, checkpoint: Path | None, engine: str, as_json: bool) -> None:
    if engine == "spark":
        raise ValueError("--follow: growing logs are read by duckdb; leave --engine out")
    from signoff.commands.logs_follow import follow

    follow(asked, checkpoint, sys.stdout, as_json=as_json)


def _show(table: WindowTable, baseline: WindowTable | None, *, as_json: bool, as_csv: bool) -> None:
    if as_json:
        from signoff.commands.logs_json import document

        typer.echo(document(table, baseline))
    elif as_csv:
        from signoff.commands.logs_csv import write_csv

        write_csv(table, sys.stdout)
    else:
        from rich.console import Console

        from signoff.commands.logs_view import view

        Console().print(view(table, baseline))


def _keep(table: WindowTable, parquet: Path | None, chart: Path | None) -> None:
    if parquet:
        from checks.metrics.window_file import write_window_file

        write_window_file(table, parquet)
    if chart:
        from reports.log_chart import draw

        draw(table, chart)
