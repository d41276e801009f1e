"""The DuckDB under the reading: one private in-memory database a reading, and the one bridge for its errors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from checks.metrics.errors import LogEngineError

MEMORY_LIMIT = "700MB"
"""Beyond this DuckDB puts what it holds into a folder of temporary files."""

_MOST_THREADS = 4


@contextmanager
def database() -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """Open a database that nothing else sees and that fetches nothing over the network.

    It reads no files but those in the folder that is given with it, which is gone afterwards. Raises LogEngineError,
    with the cause, for every error of DuckDB's inside the block, and where there is no room for temporary files.
    """
    threads = min(_MOST_THREADS, os.cpu_count() or 1)
    try:
        with (
            TemporaryDirectory(prefix="signoff-") as folder,
            duckdb.connect(
                ":memory:",
                config={
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                    "memory_limit": MEMORY_LIMIT,
                    "temp_directory": f"{folder}/database",
                    "threads": threads,
                },
            ) as connection,
        ):
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET allowed_directories = $folders", {"folders": [folder]})
            connection.execute("SET enable_external_access = false")
            yield connection, Path(folder)
    except (duckdb.Error, OSError) as error:
        problem = f"the database failed: {str(error).splitlines()[0]}"
        raise LogEngineError("the logs", problem, "free memory or disk space, or read a shorter span") from error
