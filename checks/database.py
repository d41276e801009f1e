"""SQLite databases of others: opened for reading only, within a time, and copied while they are in use."""

from __future__ import annotations

import hashlib
import math
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from checks.contents import open_regular

MAGIC = b"SQLite format 3\0"
"""First bytes of every database (SQLite documentation, "Database File Format", 1.3)."""
BUSY_S = 5.0
"""How long another's lock is waited for."""
INSTRUCTIONS = 10_000
"""Steps of SQLite's virtual machine between two looks at the clock."""
MAXIMUM_ROWS = 10_000
READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
"""What a query may do (SQLite's authorizer actions): no pragma, no attached file, no write."""
UNAVAILABLE = (
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_INTERRUPT",
    "SQLITE_CANTOPEN",
    "SQLITE_IOERR",
    "SQLITE_FULL",
    "SQLITE_READONLY",
)
"""Result codes of a database that may well be whole, and that could not be read now."""


class DatabaseUnavailableError(Exception):
    """A database could not be read now; the text names it and says why."""


def is_database(path: Path) -> bool:
    """Whether a file starts as SQLite's do; raises UnreadableError."""
    with open_regular(path) as file:
        return file.read(len(MAGIC)) == MAGIC


@contextmanager
def opened(path: Path, over: Callable[[], bool]) -> Iterator[sqlite3.Connection]:
    """Open a database for reading only, and interrupt what is asked of it as soon as `over` says so.

    Raises UnreadableError for what is no regular file, and DatabaseUnavailableError for one that is locked for
    longer than 5 s, not answered in time or not to be opened. Other errors of sqlite3 pass.
    """
    open_regular(path).close()
    address = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_S, isolation_level=None)) as database:
            database.set_progress_handler(lambda: int(over()), INSTRUCTIONS)
            yield database
    except sqlite3.OperationalError as problem:
        if not problem.sqlite_errorname.startswith(UNAVAILABLE):
            raise
        why = {
            "SQLITE_BUSY": f"locked by another process for longer than {BUSY_S:g} s",
            "SQLITE_INTERRUPT": "not answered in time",
        }
        raise DatabaseUnavailableError(f"{path}: {why.get(problem.sqlite_errorname, str(problem))}") from problem


def integrity_of(database: sqlite3.Connection) -> str:
    """Return `ok`, or the first damage found; that the file is no database counts as damage.

    SQLite itself takes a file of no bytes, and the beginning of a first page, for a database without tables.
    """
    try:
        found = str(database.execute("PRAGMA integrity_check(1)").fetchone()[0])
        (page,) = database.execute("PRAGMA page_size").fetchone()
        size = Path(database.execute("PRAGMA database_list").fetchone()[2]).stat().st_size
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as damage:
        return str(damage)
    if found != "ok":
        return found
    if size == 0:
        return "the file is empty"
    return f"the file was cut short: {size} bytes are no whole pages of {page}" if size % page else "ok"


def copy_database(source: Path, destination: Path, over: Callable[[], bool]) -> str:
    """Copy a database, which may be in use, into one new file; return the digest of the rows that were copied.

    Copy and digest are of one transaction. Raises as `opened` does, and sqlite3.Error for a damaged one.
    """
    with opened(source, over) as database, closing(sqlite3.connect(destination)) as copy:
        database.execute("BEGIN")
        digest = rows_digest(database)
        database.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        return digest


def asked(path: Path, query: str | None, over: Callable[[], bool]) -> dict[str, Any]:
    """Integrity, number of rows, and first value of one SELECT; a damaged database is not asked.

    Raises ValueError for what is no SELECT or gives too many rows, sqlite3.Error for what SQLite refuses, and as
    `opened` does.
    """
    with opened(path, over) as database:
        integrity = integrity_of(database)
        if query is None or integrity != "ok":
            return {"integrity": integrity, "rows": None, "value": None}
        database.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in READING else sqlite3.SQLITE_DENY)
        cursor = database.execute(query)
        if cursor.description is None:
            raise ValueError("it is not a SELECT")
        rows = cursor.fetchmany(MAXIMUM_ROWS + 1)
    if len(rows) > MAXIMUM_ROWS:
        raise ValueError(f"it gives more than {MAXIMUM_ROWS} rows; count or LIMIT them in it")
    return {"integrity": integrity, "rows": len(rows), "value": _plain(rows[0][0]) if rows else None}


def _plain(value: object) -> object:
    """A value of SQLite's as JSON can hold it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def rows_digest(database: sqlite3.Connection) -> str:
    """Digest of the schema and of every row of every table, with the number of rows of each."""
    database.text_factory = bytes
    digest = hashlib.sha256()
    schema = database.execute("SELECT name, type, sql FROM sqlite_schema ORDER BY type, name").fetchall()
    for name, kind, definition in schema:
        digest.update(repr((name, kind, definition)).encode())
        if kind != b"table" or (definition or b"").upper().startswith(b"CREATE VIRTUAL"):
            continue
        count = 0
        for row in database.execute(f'SELECT * FROM "{name.decode().replace(chr(34), 2 * chr(34))}"'):  # noqa: S608 - quoted
            digest.update(repr(row).encode())
            count += 1
        digest.update(f"{count} rows".encode())
    return digest.hexdigest()
