"""A table of an SQLite or DuckDB file as JSON lines, so that a log format says what its columns mean."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb

from checks.metrics.errors import LogSourceError

SEPARATOR = "::"
"""Stands between a database's file and the name of its table or view."""

_SQLITE = b"SQLite format 3\0"
_BATCH = 5_000


def spool_table(file: Path, table: str, spool: Path) -> Path:
    """Write the rows of a table or view into `spool`, a line each; the database is opened for reading only.

    Raises LogSourceError where the file is no database, lacks the table, or is locked.
    """
    remedy = f"name it as FILE{SEPARATOR}TABLE, a file of SQLite's or DuckDB's"
    try:
        with file.open("rb") as stream:
            rows = _sqlite_rows if stream.read(len(_SQLITE)) == _SQLITE else _duckdb_rows
        with spool.open("w", encoding="utf-8") as lines:
            for row in rows(file, table):
                lines.write(json.dumps(row, default=_text) + "\n")
    except (OSError, sqlite3.Error, duckdb.Error) as error:
        problem = f"its rows can't be read ({str(error).splitlines()[0]})"
        raise LogSourceError(f"{file}{SEPARATOR}{table}", problem, remedy) from error
    return spool


def _sqlite_rows(file: Path, table: str) -> Iterator[Mapping[str, Any]]:
    with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        for row in database.execute(f"SELECT * FROM {_quoted(table)}"):  # noqa: S608 - an identifier, quoted
            yield dict(row)


def _duckdb_rows(file: Path, table: str) -> Iterator[Mapping[str, Any]]:
    with duckdb.connect(str(file), read_only=True) as database:
        database.execute("SET enable_external_access = false")
        found = database.execute(f"SELECT * FROM {_quoted(table)}")  # noqa: S608 - an identifier, quoted
        names = [column[0] for column in found.description or ()]
        while rows := found.fetchmany(_BATCH):
            for row in rows:
                yield dict(zip(names, row, strict=True))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)
