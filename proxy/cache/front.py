"""The cache as requests see it: it never fails them, and counts and logs what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from proxy.cache.filesystem import FilesystemCache
from proxy.cache.protocol import Cache, CacheError, Entry
from proxy.cache.unavailable import UnavailableCache
from proxy.eventlog import EventLog
from proxy.settings import Settings

BYTES_PER_MB = 1_000_000


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
    """The cache that the settings name, opened; `enabled` is False for the backend `none`."""

    def __init__(self, settings: Settings, directory: Path, log: EventLog, *, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._directory = directory
        self._log = log
        self._counters = _Counters()
        self._failing = False
        self._cache: Cache | None = None if settings.cache_backend == "none" else self._opened(clock)

    @property
    def enabled(self) -> bool:
        """Whether there is a cache to ask, working or not."""
        return self._cache is not None

    async def lookup(self, key: str) -> tuple[Entry | None, bool]:
        """The answer for a key, and whether the cache could be asked at all."""
        assert self._cache is not None  # noqa: S101 - callers ask `enabled` first
        try:
            found = await self._cache.get(key)
        except CacheError as error:
            self._fail(error)
            return None, False
        self._failing = False
        return found, True

    async def store(self, key: str, entry: Entry) -> bool:
        """Keep an answer; whether that worked."""
        assert self._cache is not None  # noqa: S101 - callers ask `enabled` first
        try:
            await self._cache.put(key, entry)
        except CacheError as error:
            self._fail(error)
            return False
        self._failing = False
        return True

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
            "directory": str(self._directory),
            "working": working,
            **figures,
            "max_bytes": self._settings.cache_max_size_mb * BYTES_PER_MB,
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

    def _opened(self, clock: Callable[[], float]) -> Cache:
        try:
            return FilesystemCache(
                self._directory,
                max_bytes=self._settings.cache_max_size_mb * BYTES_PER_MB,
                ttl=self._settings.cache_ttl_seconds,
                clock=clock,
                on_damage=lambda cause: self._note(CacheError("read", cause)),
            )
        except CacheError as error:
            self._fail(error)
            return UnavailableCache(error.cause)

    def _fail(self, error: CacheError) -> None:
        self._failing = True
        self._note(error)

    def _note(self, error: CacheError) -> None:
        self._counters.errors += 1
        self._log.error("cache_error", operation=error.operation, cause=error.cause)
