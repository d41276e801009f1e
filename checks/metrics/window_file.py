"""Window tables as Parquet files, so that those made on many machines are added up by naming their files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from checks.metrics.coverage import Coverage, Note
from checks.metrics.errors import LogSourceError
from checks.metrics.histogram import EDGES, Histogram
from checks.metrics.statements import text_literal
from checks.metrics.table import Source, WindowTable
from checks.metrics.windows import Sums, WindowKey

FORMAT = "windows"
"""What stands in the place of a log format for such a file."""

_SCHEMA = 1
_MAGIC = b"PAR1"
_COUNTS = tuple(part.name for part in fields(Sums) if part.type == "int")
_PARTS = tuple(part.name for part in fields(Sums) if part.type == "Histogram")
_BY = ("errors_by_type", "errors_by_status")
_KEY_TYPES = {"start": "BIGINT", "synthetic": "BOOLEAN"}
_KEY = {f"key_{name}": _KEY_TYPES.get(name, "VARCHAR") for name in WindowKey._fields}
_HISTOGRAM = {"counts": "MAP(INTEGER, BIGINT)", "sum_us": "BIGINT", "max_us": "BIGINT"}
_COLUMNS = {
    **_KEY,
    **dict.fromkeys(_COUNTS, "BIGINT"),
    **dict.fromkeys(_BY, "MAP(VARCHAR, BIGINT)"),
    **{f"{part}_{end}": kind for part in _PARTS for end, kind in _HISTOGRAM.items()},
}


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
    columns = ", ".join(f'"{name}" {kind}' for name, kind in _COLUMNS.items())
    places = ", ".join("?" * len(_COLUMNS))
    try:
        with TemporaryDirectory(prefix=".signoff-", dir=path.parent) as folder, duckdb.connect(":memory:") as database:
            written = Path(folder) / "windows"
            database.execute(f"CREATE TABLE windows ({columns})")
            if table.rows:
                rows = [_row(key, sums) for key, sums in sorted(table.rows.items(), key=lambda row: repr(row[0]))]
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
    columns = ", ".join(f'"{column}"' for column in _COLUMNS)
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


def _row(key: WindowKey, sums: Sums) -> list[Any]:
    row: list[Any] = [*key, *(getattr(sums, count) for count in _COUNTS), *(dict(getattr(sums, by)) for by in _BY)]
    for part in _PARTS:
        histogram: Histogram = getattr(sums, part)
        row += [dict(histogram.counts), histogram.sum_us, histogram.max_us]
    return row


def _about(text: bytes) -> dict[str, Any]:
    about: dict[str, Any] = json.loads(text)
    if about.get("schema") != _SCHEMA:
        raise ValueError("it does not say that this version of signoff wrote it")
    return about


def _table(path: Path, about: Mapping[str, Any], rows: list[tuple[Any, ...]]) -> WindowTable:
    read = dict(_sums(rows))
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


def _sums(rows: list[tuple[Any, ...]]) -> Iterator[tuple[WindowKey, Sums]]:
    size = len(_KEY)
    for row in rows:
        values = dict(zip(tuple(_COLUMNS)[size:], row[size:], strict=True))
        parts: dict[str, Any] = {
            part: Histogram(values.pop(f"{part}_counts"), values.pop(f"{part}_sum_us"), values.pop(f"{part}_max_us"))
            for part in _PARTS
        }
        sums = Sums(**values, **parts)
        _check(sums)
        yield WindowKey(*row[:size]), sums


def _check(sums: Sums) -> None:
    counted = [getattr(sums, count) for count in _COUNTS]
    if min(counted) < 0 or max(counted) > sums.requests or sums.lookups > sums.requests or sums.succeeded < 0:
        raise ValueError("its counts contradict each other")
    for part in _PARTS:
        histogram: Histogram = getattr(sums, part)
        counts = histogram.counts
        if any(count < 1 or not 0 <= bucket < len(EDGES) - 1 for bucket, count in counts.items()):
            raise ValueError("its histograms have impossible buckets")
        if histogram.count > sums.requests:
            raise ValueError("its counts contradict each other")


def _text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
