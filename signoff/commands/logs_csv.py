"""The windows of a table as CSV, one row a window and group."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Any

from checks.metrics.measures import MEASURES
from checks.metrics.table import WindowTable
from checks.metrics.windows import Sums

_COUNTS = (
    *("requests", "lookups", "hits", "bypassed", "cache_errors"),
    *("errors", "client_errors", "blocked", "partial", "synthetic"),
)
_MEASURES = ("cache.hit_rate", "errors.rate", "latency.p50", "latency.p95", "latency.p99", "latency.mean")


def write_csv(table: WindowTable, stream: IO[str]) -> None:
    """Write the windows in order of time; what is unknown is an empty cell. Latencies are in milliseconds."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["start", "seconds", "group", *_COUNTS, *_MEASURES])
    writer.writerows(_rows(table))


def _rows(table: WindowTable) -> Iterator[list[Any]]:
    groups = {group: part.by_window for group, part in table.groups.items()}
    for start in sorted({start for windows in groups.values() for start in windows}):
        for group, windows in groups.items():
            if start in windows:
                yield [_start(start), table.window_s, _harmless(group), *_cells(windows[start], table.window_s)]


def _cells(sums: Sums, seconds: int) -> list[Any]:
    values = [MEASURES[name].formula.read(sums, seconds).value for name in _MEASURES]
    return [
        *(getattr(sums, name) for name in _COUNTS),
        *(None if value is None else round(value, 6) for value in values),
    ]


def _start(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _harmless(text: str) -> str:
    """Text that came out of a log must be no formula to a spreadsheet."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
