"""What `signoff logs` was asked, from its options; and the window table that answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import partial
from typing import TypeVar

from rich.console import Console

from checks.metrics.engine import read_windows
from checks.metrics.gathering import Reader, gather
from checks.metrics.log_format import FieldName
from checks.metrics.spans import parse_moment, parse_window
from checks.metrics.table import WindowTable

Parsed = TypeVar("Parsed")

FIELDS: tuple[FieldName, ...] = ("model", "account", "status", "cache")
"""Fields by which requests may be told apart."""

DUCKDB, SPARK = "duckdb", "spark"
"""The engines."""

_ASKED_OF_PROMETHEUS = timedelta(hours=1)


@dataclass(frozen=True)
class Question:
    """Sources, span, length of a window in seconds, and the field to tell requests apart by.

    `now` is the time of asking, from which spans count back. `reader` is the engine that reads logs.
    """

    paths: tuple[str, ...]
    log_format: str
    since: datetime | None
    until: datetime | None
    window_s: int
    by: FieldName | None
    prometheus: str | None
    now: datetime
    reader: Reader

    def answer(self) -> WindowTable:
        """Read all of it; raises LogSourceError where nothing can be read."""
        with _watched(self.reader) as reader:
            tables = []
            if self.prometheus:
                from checks.metrics.prometheus.reading import read_prometheus

                since = self.since or self.now - _ASKED_OF_PROMETHEUS
                tables.append(read_prometheus(self.prometheus, since, self.until or self.now, self.window_s))
            if self.paths or not tables:
                tables.append(
                    gather(
                        self.paths,
                        log_format=self.log_format,
                        reader=reader,
                        since=self.since,
                        until=self.until,
                        window_s=self.window_s,
                        by=self.by,
                        now=self.now,
                    )
                )
        return tables[0] if len(tables) == 1 else tables[0].merge(tables[1])

    def of(self, paths: Sequence[str]) -> WindowTable:
        """Read the whole of other sources in the same manner, to compare with."""
        return replace(self, paths=tuple(paths), since=None, until=None, by=None, prometheus=None).answer()


@contextmanager
def _watched(reader: Reader) -> Iterator[Reader]:
    """Show on a terminal that a reading is under way; and how far it is, where the reader tells that."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield reader
    elif reader is read_windows:
        from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

        with Progress(
            "reading", BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=console, transient=True
        ) as bars:
            bar = bars.add_task("reading", total=None)
            yield partial(read_windows, progress=lambda done, total: bars.update(bar, completed=done, total=total))
    else:
        with console.status("reading…"):
            yield reader


def question(
    paths: Sequence[str],
    *,
    log_format: str,
    since: str | None,
    until: str | None,
    window: str,
    by: str | None,
    prometheus: str | None,
    now: datetime,
    engine: str = DUCKDB,
    master: str | None = None,
) -> Question:
    """Understand the options; raises ValueError, naming the option and what is allowed, for one that says nothing."""
    first = _given("--since", since, lambda text: parse_moment(text, now))
    last = _given("--until", until, lambda text: parse_moment(text, now))
    if first and last and first >= last:
        raise ValueError(f"--since {first:%Y-%m-%dT%H:%M:%SZ} is not before --until {last:%Y-%m-%dT%H:%M:%SZ}")
    if by and prometheus:
        raise ValueError("--by: Prometheus' counters are not told apart; ask it without --by")
    return Question(
        tuple(paths),
        log_format,
        first,
        last,
        _given("--window", window, parse_window) or 60,
        _given("--by", by, _field),
        prometheus,
        now,
        _reader(engine, master),
    )


def _reader(engine: str, master: str | None) -> Reader:
    if engine == SPARK:
        from checks.metrics.spark.reading import LOCAL, read_windows_by_spark

        return partial(read_windows_by_spark, master=master or LOCAL)
    if engine != DUCKDB:
        raise ValueError(f"--engine {engine}: there is no such engine; write {DUCKDB} or {SPARK}")
    if master is not None:
        raise ValueError(f"--master is Spark's; write --engine {SPARK} with it")
    return read_windows


def _field(text: str) -> FieldName:
    for name in FIELDS:
        if name == text:
            return name
    near = get_close_matches(text, FIELDS, 1)
    hint = f"did you mean {near[0]}?" if near else f"write {', '.join(FIELDS)}"
    raise ValueError(f"requests can't be told apart by {text!r}; {hint}")


def _given(option: str, text: str | None, parse: Callable[[str], Parsed]) -> Parsed | None:
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from error
