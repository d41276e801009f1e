"""Steps on SQLite databases: the cache's index, the proxy's own."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from checks.drill.place import Place
from checks.drill.steps.step import Step


class Sql(Step):
    """Run statements on a database, as a hand or a program that knows better would."""

    path: str
    statement: str

    def apply(self, place: Place) -> None:
        """Run them; raises ValueError where there is no such database or they cannot be run."""
        path = place.path(self.path)
        if not path.is_file():
            raise ValueError(f"{self.path}: no database there")
        try:
            with closing(sqlite3.connect(path, timeout=5.0)) as database, database:
                database.executescript(self.statement)
        except sqlite3.Error as cause:
            raise ValueError(f"{self.path}: {cause}") from cause


DATABASE_STEPS: dict[str, type[Step]] = {"sql": Sql}
