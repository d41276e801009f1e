"""The DuckDB under the reading: one private in-memory database a reading, and the one bridge for its errors."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import duckdb

from checks.metrics.errors import LogEngineError

MEMORY_LIMIT = "700MB"
"""Beyond this DuckDB puts what it holds into a folder of temporary files."""

_MOST_THREADS = 4


@contextmanager
def database(files: Sequence[str] = ()) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database that nothing else sees, that reads only these files, and fetches nothing over the network.

    Raises LogEngineError, with the cause, for every error of DuckDB's inside the block, and where there is no room for
    temporary files.
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
                    "temp_directory": folder,
                    "threads": threads,
                },
            ) as connection,
        ):
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET allowed_paths = $files", {"files": list(files)})
            connection.execute("SET enable_external_access = false")
            yield connection
    except (duckdb.Error, OSError) as error:
        problem = f"the database failed: {str(error).splitlines()[0]}"
        raise LogEngineError("the logs", problem, "free memory or disk space, or read a shorter span") from error
