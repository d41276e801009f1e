"""Logs become a window table: each file is read once, line by line, and counted by DuckDB."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from checks.metrics import statements
from checks.metrics.coverage import Coverage, Note
from checks.metrics.database import database
from checks.metrics.detection import chosen
from checks.metrics.errors import LogSourceError
from checks.metrics.histogram import EDGES, Histogram
from checks.metrics.reading import LONGEST_LINE, Piece, TruncatedFileError, pieces
from checks.metrics.sources import LogFile, resolve
from checks.metrics.table import Source, WindowTable
from checks.metrics.windows import Sums, WindowKey

_PARTS = ("all", "hit", "generated")
_LEFT_OUT = ("other_version", "synthetic_left_out", "users_left_out")


@dataclass
class _Tally:
    """What became of the lines so far, and what was noticed."""

    states: Counter[str]
    notes: Counter[Note]

    def add(self, state: str, count: int, subject: str = "") -> None:
        if state in _LEFT_OUT:
            self.notes[Note(state, subject)] += count
            state = "ignored"
        self.states[state] += count


def read_windows(
    paths: Sequence[str | Path],
    *,
    log_format: str = "auto",
    since: datetime | None = None,
    until: datetime | None = None,
    window_s: int = 60,
    versions: frozenset[str] | None = None,
    synthetic: bool | None = None,
    now: datetime | None = None,
) -> WindowTable:
    """Read log files and glob patterns into a window table.

    Counted are requests from `since` (inclusive) to `until` (exclusive), of one of `versions` or of none that is
    named, and where `synthetic` is True only those labelled so, where it is False only the others. `window_s` is a
    window's length in seconds. `now` is the time of reading, the clock's where it is None.

    Raises LogSourceError where nothing can be read, ValueError for a window below one second or times without a zone.
    """
    if window_s < 1:
        raise ValueError(f"a window has at least one second, not {window_s}")
    found = resolve(paths)
    chosen_format, names, strange = chosen(found.files, log_format)
    tally = _Tally(Counter(), Counter(found.notes))
    tally.notes.update(Note("source_not_recognised", str(file.path)) for file in strange)
    asked = {
        "since_us": microseconds(since),
        "until_us": microseconds(until),
        "versions": sorted(versions) if versions is not None else None,
        "synthetic": synthetic,
    }
    moment = {"now_us": microseconds(now or datetime.now(UTC)), "versions": asked["versions"]}
    with database() as connection:
        connection.execute(statements.REQUESTS)
        _read_files(connection, statements.classified(chosen_format), found.files, asked, tally)
        connection.execute(statements.COUNTED, {"window_s": window_s})
        rows = _rows(connection)
        for code, subject, count in connection.execute(statements.NOTES, moment).fetchall():
            tally.notes[Note(code, subject)] += count
    counted = sum(sums.requests for sums in rows.values())
    states = tally.states
    duplicates = states["parsed"] - counted
    coverage = Coverage(counted, states["ignored"], states["unparsed"], states["partial"], duplicates)
    sources = tuple(Source(str(file.path), names[file], file.bytes) for file in found.files)
    return WindowTable(window_s, rows, coverage, dict(tally.notes), sources, since, until)


def _read_files(
    connection: duckdb.DuckDBPyConnection,
    classify: str,
    files: Sequence[LogFile],
    asked: dict[str, Any],
    tally: _Tally,
) -> None:
    problems = []
    for file in files:
        try:
            for piece in pieces(file):
                _read_piece(connection, classify, piece, asked, tally)
        except TruncatedFileError:
            tally.notes[Note("source_truncated", str(file.path))] += 1
        except LogSourceError as problem:
            tally.notes[Note("source_unreadable", str(problem))] += 1
            problems.append(problem)
    if len(problems) == len(files):
        raise problems[0]


def _read_piece(
    connection: duckdb.DuckDBPyConnection, classify: str, piece: Piece, asked: dict[str, Any], tally: _Tally
) -> None:
    if piece.count:
        for state, subject, count in _classified(connection, classify, piece.lines, asked):
            tally.add(state, count, subject or "")
    tally.add("unparsed", len(piece.undecodable) + piece.too_long)
    if piece.too_long:
        tally.notes[Note("too_long", f"{LONGEST_LINE} bytes")] += piece.too_long
    if piece.torn is not None and not piece.torn_whole:
        tally.add("partial", 1)
    elif piece.torn is not None:
        for state, subject, count in _classified(connection, classify, piece.torn, asked):
            tally.add("partial" if state == "unparsed" else state, count, subject or "")


def _classified(
    connection: duckdb.DuckDBPyConnection, classify: str, lines: str, asked: dict[str, Any]
) -> list[tuple[str, str | None, int]]:
    connection.execute(statements.LINES, {"text": lines})
    connection.execute(classify, asked)
    connection.execute(statements.COLLECT)
    return connection.execute(statements.STATES).fetchall()


def _rows(connection: duckdb.DuckDBPyConnection) -> dict[WindowKey, Sums]:
    """Fetch the window table's rows."""
    connection.execute(
        "CREATE TEMP TABLE edges AS SELECT unnest($edges::BIGINT[]) AS low, unnest(range(len($edges))) AS bucket",
        {"edges": list(EDGES)},
    )
    types: dict[WindowKey, Counter[str]] = defaultdict(Counter)
    statuses: dict[WindowKey, Counter[str]] = defaultdict(Counter)
    for *dimensions, error_type, status, count in connection.execute(statements.FAILURES).fetchall():
        key = WindowKey(*dimensions)
        types[key][error_type] += count
        statuses[key][str(status)] += count
    buckets: dict[WindowKey, dict[str, dict[int, int]]] = defaultdict(lambda: {part: {} for part in _PARTS})
    for *dimensions, bucket, in_all, in_hit, in_generated in connection.execute(statements.BUCKETS).fetchall():
        for part, count in zip(_PARTS, (in_all, in_hit, in_generated), strict=True):
            if count:
                buckets[WindowKey(*dimensions)][part][bucket] = count
    rows = {}
    connection.execute(statements.SUMS)
    columns = [column[0] for column in connection.description or ()]
    for values in connection.fetchall():
        row: dict[str, Any] = dict(zip(columns, values, strict=True))
        key = WindowKey(*(row.pop(dimension) for dimension in statements.DIMENSIONS))
        for part in _PARTS:
            row[part] = Histogram(buckets[key][part], row.pop(f"{part}_sum_us"), row.pop(f"{part}_max_us"))
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
