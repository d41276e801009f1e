"""Window tables as Parquet files, so that those made on many machines are added up by naming their files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from checks.metrics.coverage import Coverage, Note
from checks.metrics.errors import LogSourceError
from checks.metrics.extraction import text_literal
from checks.metrics.table import Source, WindowTable
from checks.metrics.window_rows import COLUMNS, row_of, sums_of

FORMAT = "windows"
"""What stands in the place of a log format for such a file."""

_SCHEMA = 1
_MAGIC = b"PAR1"


def is_window_file(path: Path) -> bool:
    """True of a Parquet file; raises OSError where it can't be read."""
    with path.open("rb") as stream:
        return stream.read(4) == _MAGIC


def write_window_file(table: WindowTable, path: Path) -> None:
    """Write a table, and how it came about, whole or not at all; raises LogSourceError where that fails."""
    about = {
        "signoff": json.dumps(
            {
                "schema": _SCHEMA,
                "window_s": table.window_s,
                "since": _text(table.since),
                "until": _text(table.until),
                "coverage": asdict(table.coverage),
                "notes": [[note.code, note.subject, count] for note, count in table.notes.items()],
            }
        )
    }
    metadata = ", ".join(f"{key}: {text_literal(value)}" for key, value in about.items())
    columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
    places = ", ".join("?" * len(COLUMNS))
    try:
        with TemporaryDirectory(prefix=".signoff-", dir=path.parent) as folder, duckdb.connect(":memory:") as database:
            written = Path(folder) / "windows"
            database.execute(f"CREATE TABLE windows ({columns})")
            if table.rows:
                rows = [row_of(key, sums) for key, sums in sorted(table.rows.items(), key=lambda row: repr(row[0]))]
                database.executemany(f"INSERT INTO windows VALUES ({places})", rows)  # noqa: S608 - constants only
            database.execute(
                f"COPY windows TO {text_literal(str(written))} (FORMAT parquet, KV_METADATA {{{metadata}}})"
            )
            written.replace(path)
    except (duckdb.Error, OSError) as error:
        problem = f"it can't be written ({str(error).splitlines()[0]})"
        raise LogSourceError(str(path), problem, "name a file in a folder that can be written") from error


def read_window_file(path: Path) -> WindowTable:
    """Read a table that `write_window_file` wrote; raises LogSourceError for any other file."""
    name = text_literal(str(path))
    columns = ", ".join(f'"{column}"' for column in COLUMNS)
    try:
        with duckdb.connect(":memory:") as database:
            found = database.execute(
                f"SELECT value FROM parquet_kv_metadata({name}) WHERE key = 'signoff'::BLOB"  # noqa: S608 - a literal
            ).fetchone()
            about = _about(found[0] if found else b"{}")
            rows = database.execute(f"SELECT {columns} FROM read_parquet({name})").fetchall()  # noqa: S608 - literals
            return _table(path, about, rows)
    except (duckdb.Error, OSError, ValueError, KeyError, TypeError) as error:
        problem = f"it is no file of windows ({str(error).splitlines()[0]})"
        raise LogSourceError(str(path), problem, "name a file that `signoff logs --parquet` wrote") from error


def _about(text: bytes) -> dict[str, Any]:
    about: dict[str, Any] = json.loads(text)
    if about.get("schema") != _SCHEMA:
        raise ValueError("it does not say that this version of signoff wrote it")
    return about


def _table(path: Path, about: Mapping[str, Any], rows: list[tuple[Any, ...]]) -> WindowTable:
    read = dict(map(sums_of, rows))
    if len(read) != len(rows):
        raise ValueError("a window stands in it twice")
    return WindowTable(
        about["window_s"],
        read,
        Coverage(**about["coverage"]),
        {Note(code, subject): count for code, subject, count in about["notes"]},
        (Source(str(path), FORMAT, path.stat().st_size),),
        _moment(about["since"]),
        _moment(about["until"]),
    )


def _text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
