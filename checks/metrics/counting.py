"""Files are counted into the table `counts`: straight by the database where they are clean, else piece by piece."""

from __future__ import annotations

import glob
import threading
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import duckdb
import re2

from checks.metrics import statements
from checks.metrics.cells import Cell, cells
from checks.metrics.compression import compressed
from checks.metrics.coverage import Note
from checks.metrics.extraction import KEPT, PLACED, extracted, joins_lines, kept, text_literal
from checks.metrics.log_format import FieldName, LogFormat
from checks.metrics.reading import LONGEST_LINE, Begins, Piece, pieces
from checks.metrics.sources import LogFile

_WORKERS = 2


class Counting:
    """Counts the lines of files of one format.

    Lines that never reach the table are counted here: `passed_over` (no event is in them), `unreadable` (not UTF-8 or
    too long) and `torn_unreadable`. `torn` are the sources, by number, whose last line has no end. `notes` are what
    was noticed.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        log_format: LogFormat,
        by: FieldName | None,
        asked: Mapping[str, Any],
    ) -> None:
        self.passed_over = self.unreadable = self.torn_unreadable = 0
        self.torn: set[int] = set()
        self.notes: Counter[Note] = Counter()
        self._connection = connection
        self._format = log_format
        self._asked = asked
        self._sources = 0
        self._local = threading.local()
        self._begins = _begins(log_format)
        records = extracted(log_format, statements.fields_used(log_format, by))
        self._count = f"INSERT INTO counts {statements.counts(log_format, records, by)}"
        for statement in statements.TABLES:
            connection.execute(statement)
        columns = {name: list(column) for name, column in zip(Cell._fields, zip(*cells(), strict=True), strict=True)}
        connection.execute(statements.FILL_CELLS, columns)

    def read(self, file: LogFile) -> None:
        """Count a file's lines; raises LogSourceError and TruncatedFileError as `pieces` does."""
        if not self._read_clean(file):
            self._read_pieces(pieces(file, self._begins))

    def _read_clean(self, file: LogFile) -> bool:
        """Count a plain file by the database's own reader, which uses all cores; False where it is not clean.

        Its reader knows bytes that are no text, carriage returns and very long lines for what they are, and refuses.
        """
        try:
            if not file.bytes or glob.has_magic(str(file.path)) or compressed(file.path):
                return False
            with file.path.open("rb") as stream:
                stream.seek(file.bytes - 1)
                torn = stream.read(1) != b"\n"
            source = self._next_source()
            self._connection.execute(f"CREATE OR REPLACE TEMP VIEW lines AS {_lines_of(file)}")
            passed_over = self._count_lines(self._connection, source)
            torn = torn or file.path.stat().st_size != file.bytes
        except (duckdb.InvalidInputException, duckdb.IOException, OSError):
            return False
        self.passed_over += passed_over
        if torn:
            self.torn.add(source)
        return True

    def _read_pieces(self, found: Iterable[Piece]) -> None:
        waiting: deque[Future[int]] = deque()
        with ThreadPoolExecutor(_WORKERS) as pool:
            try:
                for piece in found:
                    self._note(piece)
                    waiting.append(pool.submit(self._count_piece, _text(piece), self._source(piece)))
                    if len(waiting) > _WORKERS:
                        self.passed_over += waiting.popleft().result()
            finally:
                for future in waiting:
                    self.passed_over += future.result()

    def _note(self, piece: Piece) -> None:
        self.unreadable += piece.too_long + (0 if self._begins else len(piece.undecodable))
        if piece.too_long:
            self.notes[Note("too_long", f"{LONGEST_LINE} bytes")] += piece.too_long
        if piece.torn is not None and not piece.torn_whole:
            self.torn_unreadable += 1

    def _source(self, piece: Piece) -> int:
        source = self._next_source()
        if piece.torn_whole:
            self.torn.add(source)
        return source

    def _next_source(self) -> int:
        self._sources += 1
        return self._sources

    def _count_piece(self, text: str | None, source: int) -> int:
        if text is None:
            return 0
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._local.cursor = self._connection.cursor()
            cursor.execute("SET TimeZone = 'UTC'")
        cursor.execute(statements.LINES, {"text": text})
        return self._count_lines(cursor, source)

    def _count_lines(self, connection: duckdb.DuckDBPyConnection, source: int) -> int:
        """Count the relation `lines`; return how many of them no event can be in."""
        passed_over = 0
        if joins_lines(self._format):
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {KEPT} AS {kept(self._format)}")
            connection.execute(f"CREATE OR REPLACE TEMP TABLE placed AS {PLACED}")
            found = connection.execute(f"SELECT coalesce(max(number), 0) - count(*) FROM {KEPT}").fetchone()  # noqa: S608
            passed_over = found[0] if found else 0
        connection.execute(self._count, {**self._asked, "source": source})
        return passed_over


def _begins(log_format: LogFormat) -> Begins | None:
    if not joins_lines(log_format) or log_format.first_line is None:
        return None
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    compiled = re2.compile(log_format.first_line.encode(), options)
    return lambda line: compiled.search(line) is not None


def _lines_of(file: LogFile) -> str:
    return f"""
SELECT row_number() OVER () AS number, coalesce(line, '') AS line
FROM read_csv({text_literal(str(file.path))}, columns = {{'line': 'VARCHAR'}}, delim = '\x01', quote = '', escape = '',
  header = false, auto_detect = false, compression = 'none')
"""  # noqa: S608 - literals by text_literal


def _text(piece: Piece) -> str | None:
    lines = [piece.lines] if piece.count else []
    if piece.torn_whole and piece.torn is not None:
        lines.append(piece.torn)
    return "\n".join(lines) if lines else None
