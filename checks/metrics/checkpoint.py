"""How far logs were followed, in a file: read again it goes on there, and nothing is counted twice or left out."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from checks.metrics.coverage import Coverage, Note
from checks.metrics.errors import LogSourceError
from checks.metrics.table import Source, WindowTable
from checks.metrics.window_rows import row_of, sums_of

_SCHEMA = 1


@dataclass(frozen=True)
class Mark:
    """A place in a file: the digest of its first `head_bytes` bytes, and the `offset` up to which it was counted."""

    head: str
    head_bytes: int
    offset: int


@dataclass(frozen=True)
class Checkpoint:
    """Marks of files under way and of those that are gone, and what was counted up to them."""

    window_s: int
    log_format: str
    marks: tuple[Mark, ...]
    finished: tuple[Mark, ...]
    table: WindowTable


def write_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write it whole or not at all; raises LogSourceError where that fails."""
    table = checkpoint.table
    told = {
        "schema": _SCHEMA,
        "window_s": checkpoint.window_s,
        "format": checkpoint.log_format,
        "marks": [asdict(mark) for mark in checkpoint.marks],
        "finished": [asdict(mark) for mark in checkpoint.finished],
        "rows": [row_of(key, sums) for key, sums in table.rows.items()],
        "coverage": asdict(table.coverage),
        "notes": [[note.code, note.subject, count] for note, count in table.notes.items()],
        "sources": [[source.path, source.format, source.bytes] for source in table.sources],
    }
    try:
        with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
            json.dump(told, file)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)
    except OSError as error:
        raise LogSourceError(str(path), f"it can't be written ({error})", "name a file that can be") from error


def read_checkpoint(path: Path) -> Checkpoint | None:
    """Read it, or return None where there is none yet; raises LogSourceError for a file that is no checkpoint."""
    try:
        return _checkpoint(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        problem = f"it is no checkpoint ({str(error).splitlines()[0]})"
        raise LogSourceError(str(path), problem, "name another file, or remove it to begin anew") from error


def _checkpoint(told: Mapping[str, Any]) -> Checkpoint:
    if told["schema"] != _SCHEMA:
        raise ValueError(f"its schema is {told['schema']!r}, and {_SCHEMA} is known")
    table = WindowTable(
        told["window_s"],
        dict(map(sums_of, told["rows"])),
        Coverage(**told["coverage"]),
        {Note(code, subject): count for code, subject, count in told["notes"]},
        tuple(Source(*source) for source in told["sources"]),
    )
    marks, finished = (tuple(Mark(**mark) for mark in told[name]) for name in ("marks", "finished"))
    return Checkpoint(told["window_s"], told["format"], marks, finished, table)
