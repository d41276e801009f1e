"""What an operator does to a cache from the command line, whether or not a server is using it."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path
from typing import Any

from proxy.cache.filesystem import INDEX, answer_files, answer_path
from proxy.cache.index import Index
from proxy.cache.protocol import cause_of
from proxy.errors import StartError


def stats(directory: Path) -> dict[str, Any]:
    """How many answers a cache holds, and their bytes; raises StartError where it cannot be read."""
    try:
        index = _index(directory)
        if index is None:
            return {"directory": str(directory), "entries": 0, "bytes": 0}
        try:
            entries, size = index.totals()
        finally:
            index.close()
    except (OSError, sqlite3.Error) as error:
        raise _unusable(directory, error) from error
    return {"directory": str(directory), "entries": entries, "bytes": size}


def verify(directory: Path) -> dict[str, Any]:
    """Every answer hashed again: `{"directory", "entries", "verified", "orphans", "bad": [{"key", "reason"}]}`.

    `orphans` are files that no row names; the next start removes them. A cache that cannot be read is itself bad.
    """
    found: dict[str, Any] = {"directory": str(directory), "entries": 0, "verified": 0, "orphans": 0, "bad": []}
    try:
        index = _index(directory)
        if index is None:
            return found
        try:
            rows = list(index.rows())
        finally:
            index.close()
        names = {row.key for row in rows}
        found["entries"] = len(rows)
        found["orphans"] = sum(path.name not in names for path in answer_files(directory))
        for row in rows:
            reason = _fault(answer_path(directory, row.key), row.sha256)
            if reason:
                found["bad"].append({"key": row.key, "reason": reason})
            else:
                found["verified"] += 1
    except (OSError, sqlite3.Error) as error:
        found["bad"].append({"key": None, "reason": f"the cache cannot be read: {cause_of(error)}"})
    return found


def purge(directory: Path) -> dict[str, Any]:
    """Remove every answer and say how many there were; raises StartError where that fails."""
    try:
        index = _index(directory)
        if index is None:
            return {"directory": str(directory), "purged": 0}
        try:
            keys = [row.key for row in index.rows()]
            for key in keys:
                index.remove(key)
                answer_path(directory, key).unlink(missing_ok=True)
        finally:
            index.close()
    except (OSError, sqlite3.Error) as error:
        raise _unusable(directory, error) from error
    return {"directory": str(directory), "purged": len(keys)}


def _index(directory: Path) -> Index | None:
    """The index; None for a cache that was never used. Raises OSError where the folder is none."""
    if not directory.exists():
        return None
    with_index = any(path.name == INDEX for path in directory.iterdir())
    return Index(directory / INDEX) if with_index else None


def _fault(path: Path, sha256: str) -> str | None:
    try:
        content = path.read_bytes()
    except OSError as error:
        return f"its file cannot be read: {cause_of(error)}"
    return None if hashlib.sha256(content).hexdigest() == sha256 else "its content has changed"


def _unusable(directory: Path, error: OSError | sqlite3.Error) -> StartError:
    return StartError(f"the cache in {directory} cannot be used: {cause_of(error)}")
