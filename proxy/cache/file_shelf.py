"""The answers of a filesystem cache, as an operator handles them."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from proxy.cache.answer_files import answer_files, answer_path
from proxy.cache.answer_store import INDEX
from proxy.cache.index import Index
from proxy.cache.protocol import CacheError, cause_of
from proxy.cache.selection import Kept

REMOVED_AT_ONCE = 500
"""How many answers are removed in one transaction: a server that stores meanwhile waits no longer."""


class FileShelf:
    """The answers in one folder; one that is not there, or was never used, is empty, and stays so."""

    def __init__(self, directory: Path) -> None:
        self.place = {"backend": "filesystem", "directory": str(directory)}
        self._directory = directory
        self._opened: Index | None = None

    def kept(self) -> Iterator[Kept]:
        """All answers, by key; raises CacheError."""
        with _told("read"):
            index = self._index()
            rows = index.rows() if index else []
        for row in rows:
            yield Kept(row.key, row.model, row.prompt_hash, row.created_at, row.bytes)

    def fault(self, kept: Kept) -> str | None:
        """What is wrong with an answer's file; raises CacheError."""
        with _told("read"):
            index = self._index()
            row = index.find(kept.key) if index else None
            if index is None or row is None:
                return None
            reason = _fault(answer_path(self._directory, row.key), row.sha256)
            # A server may have replaced or removed it between the two looks.
            return reason if index.find(kept.key) == row else None

    def orphans(self) -> int:
        """How many files no row names; raises CacheError."""
        with _told("read"):
            index = self._index()
            if index is None:
                return 0
            # Nothing is being stored meanwhile.
            with index.transaction():
                keys = index.keys()
                return sum(name not in keys for name, _ in answer_files(self._directory))

    def remove(self, kept: Iterable[Kept]) -> int:
        """Remove answers and their files; raises CacheError."""
        keys = [each.key for each in kept]
        with _told("remove"):
            index = self._index()
            for start in range(0, len(keys), REMOVED_AT_ONCE):
                self._remove(index, keys[start : start + REMOVED_AT_ONCE])
        return len(keys)

    def close(self) -> None:
        """Close the index."""
        if self._opened:
            self._opened.close()

    def _remove(self, index: Index | None, keys: list[str]) -> None:
        if index is not None:
            with index.transaction():
                index.remove(keys)
                for key in keys:
                    answer_path(self._directory, key).unlink(missing_ok=True)

    def _index(self) -> Index | None:
        """The index; None for a cache that was never used. Raises OSError where the folder is none."""
        if self._opened is None and self._directory.exists():
            with_index = any(path.name == INDEX for path in self._directory.iterdir())
            self._opened = Index(self._directory / INDEX, busy_seconds=10) if with_index else None
            if self._opened:
                self._opened.check()
        return self._opened


@contextmanager
def _told(operation: str) -> Generator[None, None, None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise CacheError(operation, cause_of(error)) from error


def _fault(path: Path, sha256: str) -> str | None:
    try:
        content = path.read_bytes()
    except OSError as error:
        return f"its file cannot be read: {cause_of(error)}"
    return None if hashlib.sha256(content).hexdigest() == sha256 else "its content has changed"
