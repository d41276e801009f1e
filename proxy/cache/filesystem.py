"""Answers kept as files beside a SQLite index, bounded in bytes and age, also over restarts."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import TypeVar

from proxy.cache.answer_store import AnswerStore, digest_of
from proxy.cache.file_lease import FileLeases
from proxy.cache.hot_set import HotSet
from proxy.cache.protocol import CacheError, Entry, Usage, cause_of

Value = TypeVar("Value")

TOUCH_SECONDS = 5.0
"""How long uses of answers in memory may wait before they are noted in the index."""

SMALL_BODY = 1_048_576
"""The largest body, in bytes, whose digest the loop's own thread computes: one more thread would cost more."""


class FilesystemCache:
    """The cache in one folder: files on disk, and those used last in memory too.

    One that is damaged is a miss: it goes to `quarantine/`, and `on_damage` is told why. The least recently used go
    when room is needed.

    max_bytes     the most bytes that all answers may have together
    memory_bytes  the most bytes of answers in memory
    ttl           seconds for which an answer may be served
    clock         the time in seconds since 1970
    on_eviction   told why answers were removed before anybody asked, `room` or `expired`, and how many
    Raises CacheError where the folder or the index cannot be used.
    """

    def __init__(
        self,
        directory: Path,
        *,
        max_bytes: int,
        memory_bytes: int,
        ttl: int,
        clock: Callable[[], float],
        on_damage: Callable[[str], None],
        on_eviction: Callable[[str, int], None] = lambda *_: None,
    ) -> None:
        self._clock = clock
        self._hot = HotSet(memory_bytes)
        self._used_at: dict[str, float] = {}
        self._touched_at = clock()
        self._touching: set[asyncio.Task[None]] = set()
        with _told("open"):
            self._store = AnswerStore(
                directory,
                max_bytes=max_bytes,
                ttl=ttl,
                clock=clock,
                on_damage=on_damage,
                on_eviction=on_eviction,
            )
            self._leases = FileLeases(directory)

    def peek(self, key: str) -> Entry | None:
        """The answer for a key where it is in memory and its file has not changed."""
        entry = self._hot.find(key)
        if entry is None:
            return None
        if not self._store.is_fresh(entry.created_at):
            self._hot.drop(key)
            return None
        self._use(key)
        return entry

    async def get(self, key: str) -> Entry | None:
        """The answer for a key; raises CacheError. What the index does not have costs no change of threads."""
        with _told("lookup"):
            row = self._store.find(key)
        if row is None:
            return None
        found = await self._done("lookup", partial(self._store.read, row))
        if found is None:
            return None
        entry, state = found
        self._hot.add(key, entry, state)
        self._use(key)
        return entry

    async def put(self, key: str, entry: Entry) -> None:
        """Keep an answer; raises CacheError."""
        used_at, self._used_at = self._used_at, {}
        small = len(entry.body) <= SMALL_BODY
        digest = Future[str]() if small else self._store.digest(entry.body)
        with _told("store"):
            storing = asyncio.get_running_loop().run_in_executor(None, self._store.put, key, entry, digest, used_at)
            if small:
                digest.set_result(digest_of(entry.body))
            state = await storing
        if state:
            self._hot.add(key, entry, state)

    def lease(self, key: str) -> AbstractAsyncContextManager[None]:
        """Keeps other processes on this host from making the same answer; raises CacheError."""
        return self._leases.hold(key)

    async def usage(self) -> Usage:
        """How much is kept; raises CacheError."""
        entries, size = await self._done("usage", self._store.totals)
        return Usage(entries, size, self._store.evictions)

    async def close(self) -> None:
        """Note the last uses and close what is open."""
        await asyncio.gather(*self._touching, return_exceptions=True)
        await self._touch()
        await self._done("close", self._store.close)
        self._leases.close()

    def _use(self, key: str) -> None:
        """Note a use in memory, and from time to time all of them in the index, beside the requests."""
        now = self._clock()
        self._used_at[key] = now
        if not 0 <= now - self._touched_at < TOUCH_SECONDS:
            self._touched_at = now
            task = asyncio.create_task(self._touch())
            self._touching.add(task)
            task.add_done_callback(self._touching.discard)

    async def _touch(self) -> None:
        """Which answers go first is all that is lost when this fails; lookups and stores tell of broken indexes."""
        used_at, self._used_at = self._used_at, {}
        if used_at:
            with contextlib.suppress(CacheError):
                await self._done("touch", partial(self._store.touch, used_at))

    async def _done(self, operation: str, work: Callable[[], Value]) -> Value:
        with _told(operation):
            return await asyncio.to_thread(work)


@contextlib.contextmanager
def _told(operation: str) -> Generator[None, None, None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise CacheError(operation, cause_of(error)) from error
