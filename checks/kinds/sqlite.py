"""The kind `sqlite`: whether a database is whole, and what one question to it says."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from checks.check import Check, Context
from checks.contents import UnreadableError, is_there
from checks.database import DatabaseUnavailableError, asked
from checks.far.asking import ask
from checks.outcome import Observation, error, failed


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
        try:
            found = self._asked(context)
        except (UnreadableError, DatabaseUnavailableError) as problem:
            return error(str(problem))
        except (ValueError, sqlite3.Error) as problem:
            return error(f"the query: {problem}")
        return failed(f"there is no database {self.path}") if found is None else Observation(found)

    def _asked(self, context: Context) -> dict[str, Any] | None:
        """Integrity, rows and value; None where there is no database."""
        if context.elsewhere is not None:
            question = {"path": self.path, "query": self.query, "within_s": context.timeout_s}
            told: dict[str, Any] | None = ask(context.elsewhere, "checks.far.databases", context, **question)
            return told
        path = context.path(self.path)
        deadline = time.monotonic() + context.timeout_s
        if not is_there(path):
            return None
        return asked(path, self.query, lambda: context.stop.is_set() or time.monotonic() > deadline)
