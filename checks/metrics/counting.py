"""Files are counted into the table `counts`, range by range, on all cores."""

from __future__ import annotations

import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any, TypeVar

import duckdb

from checks.metrics import statements
from checks.metrics.bisection import offset_of
from checks.metrics.borders import Borders
from checks.metrics.cells import Cell, cells
from checks.metrics.compression import compressed
from checks.metrics.coverage import Note
from checks.metrics.extraction import KEPT, PLACED, extracted, joins_lines, kept, text_literal
from checks.metrics.log_format import FieldName, LogFormat
from checks.metrics.quotation import requoted, suspicious
from checks.metrics.ranges import Range, ranges
from checks.metrics.reading import LONGEST_LINE, Piece, pieces
from checks.metrics.sources import LogFile

_BLOCK = 1 << 20
_DELIMITER = b"\x01"
"""The database must be given one; in lines that hold it they are not told from it."""

_Subject = TypeVar("_Subject")
_Outcome = TypeVar("_Outcome")

_PASSED_OVER = f"SELECT coalesce(max(number), 0) - count(*) FROM {KEPT}"  # noqa: S608 - a constant

_WORKERS = min(4, os.cpu_count() or 1)
"""Ranges in work at a time; each is read, split and matched by one core."""


class Counting:
    """Counts the lines of files of one format.

    `states` are how many lines were ignored, unparsed and partial that never reached the table. `notes` are what
    was noticed. `folder` is for temporary files that the database may read. `told` is called with the bytes of a file
    that are done with, some at a time.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        folder: Path,
        log_format: LogFormat,
        by: FieldName | None,
        asked: Mapping[str, Any],
        told: Callable[[int], object],
    ) -> None:
        self.states: Counter[str] = Counter()
        self.notes: Counter[Note] = Counter()
        self._connection = connection
        self._folder = folder
        self._format = log_format
        self._asked = asked
        self._told = told
        since_us = asked["since_us"]
        self._since = None if since_us is None else datetime.fromtimestamp(since_us / 1_000_000, UTC)
        self._local = threading.local()
        self._lock = threading.Lock()
        self._borders = Borders(log_format) if joins_lines(log_format) else None
        records = extracted(log_format, statements.fields_used(log_format, by))
        self._count = f"INSERT INTO counts {statements.counts(log_format, records, by)}"
        for statement in statements.TABLES:
            connection.execute(statement)
        columns = {name: list(column) for name, column in zip(Cell._fields, zip(*cells(), strict=True), strict=True)}
        connection.execute(statements.FILL_CELLS, columns)
        connection.execute("SET threads = 1")

    def read(self, file: LogFile) -> None:
        """Count a file's lines; raises LogSourceError and TruncatedFileError as `pieces` does."""
        with ThreadPoolExecutor(_WORKERS) as pool:
            plain = _opened_plain(file)
            if plain is None:
                self._count_pieces(pool, pieces(file, self._borders))
                self._told(file.bytes)
                return
            with plain as stream:
                start = offset_of(stream, file.bytes, self._format, self._since) if self._since else 0
                self._told(start)
                parts = ranges(stream, start, file.bytes, self._borders)
                jobs = ((part, partial(self._count_range, file, part)) for part in parts)
                for part, clean in _in_turn(pool, jobs):
                    if not clean:
                        self._count_pieces(pool, pieces(file, self._borders, part.start, part.end))
                    self._told(part.end - part.start)

    def _count_range(self, file: LogFile, part: Range) -> bool:
        """Count a range by the database's own reader; False, with nothing counted, where it is not clean.

        That reader knows bytes that are no text, carriage returns and very long lines for what they are, and refuses.
        """
        cursor = self._cursor()
        try:
            with _spooled(file, part, self._folder) as path:
                cursor.execute(f"CREATE OR REPLACE TEMP VIEW lines AS {_lines_of(path)}")
                self._count_lines(cursor, torn=part.torn)
        except (duckdb.InvalidInputException, duckdb.IOException, OSError):
            return False
        return True

    def _count_pieces(self, pool: ThreadPoolExecutor, found: Iterable[Piece]) -> None:
        jobs = ((piece, partial(self._count_piece, piece)) for piece in found)
        for piece, _ in _in_turn(pool, jobs):
            with self._lock:
                self.states["unparsed"] += piece.too_long + (0 if self._borders else len(piece.undecodable))
                self.states["partial"] += piece.torn is not None and not piece.torn_whole
            if piece.too_long:
                self.notes[Note("too_long", f"{LONGEST_LINE} bytes")] += piece.too_long

    def _count_piece(self, piece: Piece) -> None:
        torn = piece.torn if piece.torn_whole else None
        lines = [piece.lines] if piece.count else []
        lines += [torn] if torn is not None else []
        if lines:
            cursor = self._cursor()
            cursor.execute("DROP VIEW IF EXISTS lines")
            cursor.execute(statements.LINES, {"text": "\n".join(lines)})
            self._count_lines(cursor, torn=torn is not None)
            cursor.execute("DROP TABLE lines")

    def _count_lines(self, connection: duckdb.DuckDBPyConnection, *, torn: bool) -> None:
        """Count the relation `lines`; the last has no end where it is torn."""
        passed_over = 0
        if joins_lines(self._format):
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {KEPT} AS {kept(self._format)}")
            self._mend_quotations(connection)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE placed AS {PLACED}")
            found = connection.execute(_PASSED_OVER).fetchone()
            passed_over = found[0] if found else 0
        connection.execute(self._count, {**self._asked, "torn": torn})
        with self._lock:
            self.states["ignored"] += passed_over

    def _mend_quotations(self, connection: duckdb.DuckDBPyConnection) -> None:
        quotes = self._format.quotes
        found = connection.execute(suspicious(quotes)).fetchone() if quotes else None
        if quotes and found and found[0]:
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {KEPT} AS {requoted(quotes)}")

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._local.cursor = self._connection.cursor()
            cursor.execute("SET TimeZone = 'UTC'")
        return cursor


def _in_turn(
    pool: ThreadPoolExecutor, jobs: Iterable[tuple[_Subject, Callable[[], _Outcome]]]
) -> Iterator[tuple[_Subject, _Outcome]]:
    """Run jobs, some of them at a time, and give what they return in their order."""
    waiting: deque[tuple[_Subject, Future[_Outcome]]] = deque()
    try:
        for subject, job in jobs:
            waiting.append((subject, pool.submit(job)))
            if len(waiting) > _WORKERS:
                done, future = waiting.popleft()
                yield done, future.result()
        while waiting:
            done, future = waiting.popleft()
            yield done, future.result()
    finally:
        for _, future in waiting:
            future.cancel()


def _opened_plain(file: LogFile) -> IO[bytes] | None:
    try:
        return None if compressed(file.path) else file.path.open("rb")
    except OSError:
        return None


@contextmanager
def _spooled(file: LogFile, part: Range, folder: Path) -> Iterator[Path]:
    """Give a range as a file of its own."""
    with file.path.open("rb") as whole, NamedTemporaryFile(dir=folder, suffix=".lines") as spool:
        whole.seek(part.start)
        left = part.end - part.start
        while block := whole.read(min(_BLOCK, left)):
            if _DELIMITER in block:
                raise OSError("the delimiter that no line may hold, and that the reader drops at a line's end")
            spool.write(block)
            left -= len(block)
        spool.flush()
        yield Path(spool.name)


def _lines_of(path: Path) -> str:
    return f"""
SELECT CASE WHEN line = chr(26) THEN error('the mark of undecodable lines') ELSE coalesce(line, '') END AS line
FROM read_csv({text_literal(str(path))}, columns = {{'line': 'VARCHAR'}}, delim = '\x01', quote = '', escape = '',
  header = false, auto_detect = false, compression = 'none', parallel = false)
"""  # noqa: S608 - literals by text_literal
