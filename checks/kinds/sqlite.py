"""The kind `sqlite`: whether a database is whole, and what one question to it says."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from checks.check import Check, Context
from checks.contents import UnreadableError, open_regular
from checks.outcome import Observation, error, failed

MAXIMUM_ROWS = 10_000
BUSY_S = 5.0
"""How long another's lock is waited for, at most."""
INSTRUCTIONS = 10_000
"""Virtual machine steps of SQLite between two looks at the clock."""
READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
"""What a query may do (SQLite's authorizer actions): no pragma, no attached file, no write."""


class SqliteCheck(Check):
    """Whether a SQLite database is whole, and what one SELECT answers; the file is opened for reading only.

    ```yaml
    kind: sqlite
    path: ${target.data_dir}/proxy.db
    query: SELECT count(*) FROM requests
    expect: {integrity: ok, value: {above: 0}}
    ```
    """

    observes: ClassVar[Mapping[str, str]] = {
        "integrity": "ok, or the first thing that SQLite's integrity check finds",
        "rows": "number of rows that the query gives",
        "value": "first column of the first row; bytes as hexadecimal digits",
    }

    kind: Literal["sqlite"]
    path: str = Field(min_length=1, description="The database.")
    query: str | None = Field(default=None, min_length=1, description="One SELECT of at most 10,000 rows.")

    def observe(self, context: Context) -> Observation:
        """Check the whole file first; a damaged one is not asked."""
        path = context.path(self.path)
        if not path.exists():
            return failed(f"there is no database {path}")
        deadline = time.monotonic() + context.timeout_s
        try:
            open_regular(path).close()
            with closing(connected(path, min(BUSY_S, context.timeout_s))) as database:
                watch(database, lambda: context.stop.is_set() or time.monotonic() > deadline)
                integrity = integrity_of(database)
                if self.query is None or integrity != "ok":
                    return Observation({"integrity": integrity, "rows": None, "value": None})
                rows = _answered(database, self.query)
        except UnreadableError as problem:
            return error(str(problem))
        except ValueError as problem:
            return error(f"the query: {problem}")
        except sqlite3.Error as problem:
            return error(f"{path}: {_explained(problem, context.timeout_s)}")
        if len(rows) > MAXIMUM_ROWS:
            return error(f"the query gives more than {MAXIMUM_ROWS} rows", remedy="Count or LIMIT them in the query.")
        return Observation({"integrity": integrity, "rows": len(rows), "value": _plain(rows[0][0]) if rows else None})


def connected(path: Path, busy_s: float) -> sqlite3.Connection:
    """Open a database for reading only, waiting at most `busy_s` for another's lock; raises sqlite3.Error."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=busy_s, isolation_level=None)


def watch(database: sqlite3.Connection, over: Callable[[], bool]) -> None:
    """Interrupt whatever the connection does as soon as `over` says so."""
    database.set_progress_handler(lambda: int(over()), INSTRUCTIONS)


def integrity_of(database: sqlite3.Connection) -> str:
    """Return `ok`, or the first damage found, that the file is no database among them; raises sqlite3.Error."""
    try:
        return str(database.execute("PRAGMA integrity_check(1)").fetchone()[0])
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as damage:
        return str(damage)


def _answered(database: sqlite3.Connection, query: str) -> list[tuple[Any, ...]]:
    database.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in READING else sqlite3.SQLITE_DENY)
    cursor = database.execute(query)
    if cursor.description is None:
        raise ValueError("it is not a SELECT")
    return cursor.fetchmany(MAXIMUM_ROWS + 1)


def _plain(value: object) -> object:
    """A value of SQLite's as JSON can hold it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _explained(problem: sqlite3.Error, timeout_s: float) -> str:
    code = getattr(problem, "sqlite_errorname", "")
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return f"locked by another process for longer than {min(BUSY_S, timeout_s):g} s"
    if code == "SQLITE_INTERRUPT":
        return f"not answered within {timeout_s:g} s"
    if code == "SQLITE_AUTH":
        return "the query does more than read"
    return str(problem)
