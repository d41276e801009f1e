"""The cache as requests see it: it never fails them, and counts and logs what went wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from proxy.cache.opening import BYTES_PER_MB as BYTES_PER_MB
from proxy.cache.opening import open_cache, place_of
from proxy.cache.protocol import Cache, CacheError, Entry
from proxy.cache.unavailable import UnavailableCache
from proxy.eventlog import EventLog
from proxy.settings import Settings

REOPEN_SECONDS = 10.0
"""How often a cache that could not be opened is tried again, at most."""


class CacheState(StrEnum):
    """How the cache took part in a request; the header `x-cache` and the log's `cache`."""

    HIT = "hit"
    MISS = "miss"
    BYPASS = "bypass"
    ERROR = "error"


@dataclass(slots=True)
class _Counters:
    hits: int = 0
    misses: int = 0
    bypassed: int = 0
    errors: int = 0


class CacheFront:
    """The cache that the settings name; `enabled` is False for the backend `none`.

    clock   the time in seconds since 1970
    steady  seconds that only go forward
    observe told of each lookup and store that was made, and the seconds that it took
    on_eviction  told why answers went before anybody asked, and how many
    """

    def __init__(
        self,
        settings: Settings,
        directory: Path,
        log: EventLog,
        *,
        clock: Callable[[], float],
        steady: Callable[[], float] = time.monotonic,
        observe: Callable[[str, float], None] = lambda *_: None,
        on_eviction: Callable[[str, int], None] = lambda *_: None,
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._log = log
        self._clock = clock
        self._steady = steady
        self._observe = observe
        self._on_eviction = on_eviction
        self._counters = _Counters()
        self._failing = False
        self._cache: Cache | None = None
        if settings.cache_backend != "none":
            self._open()

    @property
    def enabled(self) -> bool:
        """Whether there is a cache to ask, working or not."""
        return self._cache is not None

    def peek(self, key: str) -> Entry | None:
        """The answer for a key where it is at hand in memory; never waits."""
        return self._cache.peek(key) if self._cache is not None else None

    async def lookup(self, key: str) -> tuple[Entry | None, bool]:
        """The answer for a key, and whether the cache could be asked at all."""
        assert self._cache is not None  # noqa: S101 - callers ask `enabled` first
        if isinstance(self._cache, UnavailableCache) and self._steady() - self._tried_at >= REOPEN_SECONDS:
            await asyncio.to_thread(self._open)
        started = time.perf_counter()
        try:
            found = await self._cache.get(key)
        except CacheError as error:
            self._fail(error)
            return None, False
        self._observe("lookup", time.perf_counter() - started)
        self._failing = False
        return found, True

    async def store(self, key: str, entry: Entry) -> bool:
        """Keep an answer; whether that worked."""
        assert self._cache is not None  # noqa: S101 - callers ask `enabled` first
        started = time.perf_counter()
        try:
            await self._cache.put(key, entry)
        except CacheError as error:
            self._fail(error)
            return False
        self._observe("store", time.perf_counter() - started)
        self._failing = False
        return True

    @asynccontextmanager
    async def lease(self, key: str) -> AsyncGenerator[None, None]:
        """No other process makes the answer for a key meanwhile; without a working cache, nobody is kept waiting."""
        assert self._cache is not None  # noqa: S101 - callers ask `enabled` first
        async with AsyncExitStack() as held:
            try:
                await held.enter_async_context(self._cache.lease(key))
            except CacheError as error:
                self._fail(error)
            yield

    async def probe(self) -> None:
        """Look whether the cache works, at the start; a failure is counted and logged."""
        if self._cache is not None and not self._failing:
            try:
                await self._cache.usage()
            except CacheError as error:
                self._fail(error)

    def count(self, state: CacheState) -> None:
        """Count how the cache took part in a request. Errors are counted where they happen."""
        if state is CacheState.HIT:
            self._counters.hits += 1
        elif state is CacheState.MISS:
            self._counters.misses += 1
        elif state is CacheState.BYPASS:
            self._counters.bypassed += 1

    async def stats(self) -> dict[str, Any]:
        """The figures of `/internal/stats`; entries, bytes and evictions are None where they cannot be known.

        `working` is false where they cannot, and where the last lookup or store failed.
        """
        working = not self._failing
        figures: dict[str, Any] = {"entries": None, "bytes": None, "evictions": None}
        if self._cache is not None:
            try:
                usage = await self._cache.usage()
                figures = {"entries": usage.entries, "bytes": usage.bytes, "evictions": usage.evictions}
            except CacheError:
                working = False
        return {
            "backend": self._settings.cache_backend,
            **place_of(self._settings, self._directory),
            "working": working,
            **figures,
            "ttl_seconds": self._settings.cache_ttl_seconds,
            "hits": self._counters.hits,
            "misses": self._counters.misses,
            "bypassed": self._counters.bypassed,
            "errors": self._counters.errors,
        }

    async def close(self) -> None:
        """Close the cache; what then fails is logged."""
        if self._cache is not None:
            try:
                await self._cache.close()
            except CacheError as error:
                self._note(error)

    def _open(self) -> None:
        self._tried_at = self._steady()
        try:
            self._cache = open_cache(
                self._settings,
                self._directory,
                clock=self._clock,
                on_damage=self._note_damage,
                on_eviction=self._on_eviction,
            )
        except CacheError as error:
            self._fail(error)
            self._cache = UnavailableCache(error.cause)

    def _note_damage(self, cause: str) -> None:
        self._note(CacheError("read", cause))

    def _fail(self, error: CacheError) -> None:
        self._failing = True
        self._note(error)

    def _note(self, error: CacheError) -> None:
        self._counters.errors += 1
        self._log.error("cache_error", operation=error.operation, cause=error.cause)
