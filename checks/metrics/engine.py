"""Logs become a window table: each file is read once, and counted by DuckDB."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from checks.metrics import statements
from checks.metrics.counting import Counting
from checks.metrics.coverage import Coverage, Note
from checks.metrics.database import database
from checks.metrics.detection import chosen
from checks.metrics.errors import LogSourceError
from checks.metrics.histogram import Histogram
from checks.metrics.log_format import FieldName
from checks.metrics.reading import TruncatedFileError
from checks.metrics.sources import resolve
from checks.metrics.table import Source, WindowTable
from checks.metrics.windows import Sums, WindowKey

_PARTS = ("all", "hit", "generated")


def read_windows(
    paths: Sequence[str | Path],
    *,
    log_format: str = "auto",
    since: datetime | None = None,
    until: datetime | None = None,
    window_s: int = 60,
    versions: frozenset[str] | None = None,
    synthetic: bool | None = None,
    by: FieldName | None = None,
    now: datetime | None = None,
) -> WindowTable:
    """Read log files and glob patterns into a window table.

    Counted are requests from `since` (inclusive) to `until` (exclusive), of one of `versions` or of none that is
    named, and where `synthetic` is True only those labelled so, where it is False only the others. `window_s` is a
    window's length in seconds. `by` names a field whose values are told apart as the key's `group`. `now` is the time
    of reading, the clock's where it is None.

    Raises LogSourceError where nothing can be read, ValueError for a window below one second or times without a zone.
    """
    if window_s < 1:
        raise ValueError(f"a window has at least one second, not {window_s}")
    found = resolve(paths)
    choice = chosen(found.files, log_format)
    notes = Counter(found.notes)
    notes.update(choice.notes)
    asked = {
        "since_us": microseconds(since),
        "until_us": microseconds(until),
        "now_us": microseconds(now or datetime.now(UTC)),
        "versions": sorted(versions) if versions is not None else None,
        "synthetic": synthetic,
        "window_s": window_s,
    }
    problems: list[LogSourceError] = []
    with database() as (connection, folder):
        counting = Counting(connection, folder, choice.log_format, by, asked)
        for file in found.files:
            try:
                counting.read(file)
            except TruncatedFileError:
                notes[Note("source_truncated", str(file.path))] += 1
            except LogSourceError as problem:
                notes[Note("source_unreadable", str(problem))] += 1
                problems.append(problem)
        if len(problems) == len(found.files):
            raise problems[0]
        notes.update(counting.notes)
        states = counting.states
        rows, repeated = read_counts(connection, notes, versions)
        states["duplicate"] = repeated
        states["parsed"] -= repeated
    if rows:
        notes.update(choice.log_format.notes)
    return WindowTable(
        window_s,
        rows,
        Coverage(**{state: states[state] for state in ("parsed", "ignored", "unparsed", "partial", "duplicate")}),
        +notes,
        tuple(
            Source(str(file.path), choice.names[file], file.bytes, choice.confidences.get(file)) for file in found.files
        ),
        since,
        until,
    )


def read_counts(
    connection: duckdb.DuckDBPyConnection, notes: Counter[Note], versions: frozenset[str] | None
) -> tuple[dict[WindowKey, Sums], int]:
    """Sum up the table `counts`: rows of the window table, and how many lines only repeat a record.

    What was noticed is added to `notes`.
    """
    doubts = _value(connection, statements.DOUBTS)
    connection.execute(f"CREATE TEMP VIEW counted AS {statements.COUNTED_ONCE if doubts else statements.COUNTED}")
    asked = {"versions": sorted(versions) if versions is not None else None}
    for code, subject, count in connection.execute(statements.NOTES, asked).fetchall():
        notes[Note(code, subject)] += count
    repeated = 0
    if doubts:
        notes[Note("request_id_reused")] += _value(connection, statements.REUSED)
        repeated = _value(connection, statements.PARSED) - _value(connection, statements.PARSED_ONCE)
    return _rows(connection), repeated


def _value(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    row = connection.execute(statement).fetchone()
    return int(row[0]) if row else 0


def _rows(connection: duckdb.DuckDBPyConnection) -> dict[WindowKey, Sums]:
    """Fetch the window table's rows."""
    types: dict[WindowKey, Counter[str]] = defaultdict(Counter)
    statuses: dict[WindowKey, Counter[str]] = defaultdict(Counter)
    for *dimensions, error_type, status, count in connection.execute(statements.FAILURES).fetchall():
        key = WindowKey(*dimensions)
        types[key][error_type] += count
        statuses[key][str(status)] += count
    counts: dict[WindowKey, list[dict[int, int]]] = {}
    size = len(WindowKey._fields)
    for found in connection.execute(statements.BUCKETS).fetchall():
        lists = found[size:]
        counts[WindowKey(*found[:size])] = [
            dict(zip(lists[at] or (), lists[at + 1] or (), strict=True)) for at in range(0, len(lists), 2)
        ]
    rows = {}
    connection.execute(statements.SUMS)
    columns = [column[0] for column in connection.description or ()]
    for values in connection.fetchall():
        row: dict[str, Any] = dict(zip(columns, values, strict=True))
        key = WindowKey(*(row.pop(dimension) for dimension in statements.DIMENSIONS))
        for part, buckets in zip(_PARTS, counts.get(key, ({}, {}, {})), strict=True):
            row[part] = Histogram(buckets, row.pop(f"{part}_sum_us"), row.pop(f"{part}_max_us"))
        rows[key] = Sums(**row, errors_by_type=dict(types[key]), errors_by_status=dict(statuses[key]))
    return rows


def microseconds(moment: datetime | None) -> int | None:
    """Give a time as microseconds since 1970 UTC; raises ValueError for one without a zone."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    since_1970 = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since_1970.days * 86400 + since_1970.seconds) * 1_000_000 + since_1970.microseconds
