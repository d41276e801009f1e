"""Answers kept as files beside a SQLite index, bounded in bytes and age, also over restarts."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sqlite3
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from proxy.atomic import write_private
from proxy.cache.index import Index, Row
from proxy.cache.protocol import CacheError, Entry, Usage, cause_of

Value = TypeVar("Value")

INDEX = "index.db"
QUARANTINE = "quarantine"
MOST_QUARANTINED = 20
"""How many damaged files are kept to be looked at; the oldest go first."""


class FilesystemCache:
    """The cache in one folder.

    Each answer is a file, written to a temporary one, synced and renamed; its SHA-256 is in the index and is checked
    on every read. One that is damaged is a miss: it goes to `quarantine/`, and `on_damage` is told why. The least
    recently used go when room is needed. What a crash left unaccounted for is removed at the next start.

    max_bytes  the most bytes that all answers may have together
    ttl        seconds for which an answer may be served
    clock      the time in seconds since 1970
    Raises CacheError where the folder or the index cannot be used.
    """

    def __init__(
        self,
        directory: Path,
        *,
        max_bytes: int,
        ttl: int,
        clock: Callable[[], float],
        on_damage: Callable[[str], None],
    ) -> None:
        self._directory = directory
        self._max_bytes = max_bytes
        self._ttl = ttl
        self._clock = clock
        self._on_damage = on_damage
        self._lock = threading.Lock()
        self._evictions = 0
        try:
            self._index = self._open()
            self._reconcile()
            self._drop_expired()
            self._make_room(0)
        except (OSError, sqlite3.Error) as error:
            raise CacheError("open", cause_of(error)) from error

    async def get(self, key: str) -> Entry | None:
        """The answer for a key; raises CacheError."""
        return await self._done("lookup", partial(self._get, key))

    async def put(self, key: str, entry: Entry) -> None:
        """Keep an answer; raises CacheError."""
        await self._done("store", partial(self._put, key, entry))

    async def usage(self) -> Usage:
        """How much is kept; raises CacheError."""
        entries, size = await self._done("usage", self._index.totals)
        return Usage(entries, size, self._evictions)

    async def close(self) -> None:
        """Close the index."""
        await self._done("close", self._index.close)

    async def _done(self, operation: str, work: Callable[[], Value]) -> Value:
        def locked() -> Value:
            with self._lock:
                return work()

        try:
            return await asyncio.to_thread(locked)
        except (OSError, sqlite3.Error) as error:
            raise CacheError(operation, cause_of(error)) from error

    def _open(self) -> Index:
        """The index; one that cannot be read is put aside, since a cache may always start empty."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory.chmod(0o700)
        path = self._directory / INDEX
        try:
            return Index(path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            self._on_damage(f"the index was put aside: {error}")
            self._put_aside(path)
            for suffix in ("-wal", "-shm"):
                path.with_name(INDEX + suffix).unlink(missing_ok=True)
            return Index(path)

    def _reconcile(self) -> None:
        """Make files and rows agree: a file without a row goes, and a row without a file."""
        rows = {row.key for row in self._index.rows()}
        files = {path.name: path for path in answer_files(self._directory)}
        for name in files.keys() - rows:
            files[name].unlink()
        for key in rows - files.keys():
            self._index.remove(key)

    def _get(self, key: str) -> Entry | None:
        row = self._index.find(key)
        if row is None:
            return None
        now = self._clock()
        if not now - self._ttl < row.created_at <= now:
            self._forget(key)
            return None
        path = answer_path(self._directory, key)
        try:
            body = path.read_bytes()
        except FileNotFoundError:
            self._index.remove(key)
            self._on_damage("the file of an answer is missing")
            return None
        if hashlib.sha256(body).hexdigest() != row.sha256:
            self._index.remove(key)
            self._put_aside(path)
            self._on_damage("the file of an answer is damaged")
            return None
        self._index.touch(key, now)
        return Entry(body, row.images, row.model, row.prompt_hash)

    def _put(self, key: str, entry: Entry) -> None:
        if len(entry.body) > self._max_bytes:
            return
        self._index.remove(key)
        self._drop_expired()
        self._make_room(len(entry.body))
        path = answer_path(self._directory, key)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(path, entry.body)
        now = self._clock()
        digest = hashlib.sha256(entry.body).hexdigest()
        self._index.add(Row(key, digest, len(entry.body), entry.images, entry.model, entry.prompt_hash, now, now))

    def _drop_expired(self) -> None:
        now = self._clock()
        for key in self._index.keys_outside(now - self._ttl, now):
            self._forget(key)

    def _make_room(self, needed: int) -> None:
        while self._index.totals()[1] + needed > self._max_bytes:
            key = self._index.least_recently_used()
            if key is None:
                return
            self._forget(key)
            self._evictions += 1

    def _forget(self, key: str) -> None:
        answer_path(self._directory, key).unlink(missing_ok=True)
        self._index.remove(key)

    def _put_aside(self, path: Path) -> None:
        folder = self._directory / QUARANTINE
        folder.mkdir(mode=0o700, exist_ok=True)
        path.replace(folder / f"{path.name}.{self._clock():.6f}")
        kept = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)
        for file in kept[:-MOST_QUARANTINED]:
            file.unlink()


def answer_path(directory: Path, key: str) -> Path:
    """The file of an answer: in a folder named by the key's first two digits."""
    return directory / key[:2] / key


def answer_files(directory: Path) -> list[Path]:
    """The files in the answers' folders, temporary ones that a crash left among them."""
    folders = [folder for folder in os.scandir(directory) if len(folder.name) == 2 and folder.is_dir()]
    return [Path(file.path) for folder in folders for file in os.scandir(folder.path)]
