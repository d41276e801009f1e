"""Logs become a window table: each file is read once, and counted by DuckDB."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import duckdb

from checks.metrics.counting import Counting
from checks.metrics.coverage import Note
from checks.metrics.database import database
from checks.metrics.detection import chosen
from checks.metrics.errors import LogSourceError
from checks.metrics.reading import TruncatedFileError
from checks.metrics.selection import Selection, parameters
from checks.metrics.sources import resolve
from checks.metrics.table import WindowTable
from checks.metrics.tabulating import tabulated

Progress = Callable[[int, int], object]
"""Called with how many bytes of the files were read, of how many in all."""


def read_windows(
    paths: Sequence[str | Path],
    *,
    log_format: str = "auto",
    progress: Progress = lambda _done, _total: None,
    **selection: Unpack[Selection],
) -> WindowTable:
    """Read log files and glob patterns into a window table, telling `progress` how far it is.

    Raises LogSourceError where nothing can be read, ValueError for a window below one second or times without a zone.
    """
    asked = parameters(selection)
    found = resolve(paths)
    choice = chosen(found.files, log_format)
    notes = Counter([*found.notes, *choice.notes])
    problems: list[LogSourceError] = []
    total = sum(file.bytes for file in found.files)
    done = 0

    def told(read: int) -> None:
        nonlocal done
        done += read
        progress(done, total)

    with database() as (connection, folder):
        counting = Counting(connection, folder, choice.log_format, selection.get("by"), asked, told)
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
        connection.execute("RESET threads")
        return tabulated(
            _Database(connection),
            selection,
            log_format=choice.log_format,
            sources=choice.sources,
            states=counting.states,
            notes=notes + counting.notes,
        )


@dataclass(frozen=True)
class _Database:
    """DuckDB as a runner of the statements."""

    connection: duckdb.DuckDBPyConnection

    def fetch(self, statement: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement).fetchall()

    def view(self, name: str, statement: str) -> None:
        self.connection.execute(f"CREATE TEMP VIEW {name} AS {statement}")
