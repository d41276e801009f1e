"""The kind `sqlite`: whether a database is whole, and what one question to it says."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from checks.check import Check, Context
from checks.contents import UnreadableError, is_there
from checks.database import DatabaseUnavailableError, integrity_of, opened
from checks.outcome import Observation, error, failed

MAXIMUM_ROWS = 10_000
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
    of_instances: ClassVar[bool] = True

    kind: Literal["sqlite"]
    path: str = Field(min_length=1, description="The database.")
    query: str | None = Field(default=None, min_length=1, description="One SELECT of at most 10,000 rows.")

    def observe(self, context: Context) -> Observation:
        """Check the whole file first; a damaged one is not asked."""
        path = context.path(self.path)
        deadline = time.monotonic() + context.timeout_s
        try:
            if not is_there(path):
                return failed(f"there is no database {path}")
            with opened(path, lambda: context.stop.is_set() or time.monotonic() > deadline) as database:
                integrity = integrity_of(database)
                if self.query is None or integrity != "ok":
                    return Observation({"integrity": integrity, "rows": None, "value": None})
                rows = _answered(database, self.query)
        except (UnreadableError, DatabaseUnavailableError) as problem:
            return error(str(problem))
        except (ValueError, sqlite3.Error) as problem:
            return error(f"the query: {problem}")
        if len(rows) > MAXIMUM_ROWS:
            return error(f"the query gives more than {MAXIMUM_ROWS} rows", remedy="Count or LIMIT them in the query.")
        return Observation({"integrity": integrity, "rows": len(rows), "value": _plain(rows[0][0]) if rows else None})


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
