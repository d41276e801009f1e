"""The cache that could not be opened: every operation fails with the reason, and requests go on without it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from proxy.cache.protocol import CacheError, Entry, Usage


class UnavailableCache:
    """Stands for a cache whose folder or index cannot be used."""

    def __init__(self, cause: str) -> None:
        self._cause = cause

    def peek(self, key: str) -> Entry | None:
        """Nothing is at hand."""
        return None

    async def get(self, key: str) -> Entry | None:
        """Raises CacheError."""
        raise CacheError("lookup", self._cause)

    async def put(self, key: str, entry: Entry) -> None:
        """Raises CacheError."""
        raise CacheError("store", self._cause)

    def lease(self, key: str) -> AbstractAsyncContextManager[None]:
        """Raises CacheError."""
        raise CacheError("lease", self._cause)

    async def usage(self) -> Usage:
        """Raises CacheError."""
        raise CacheError("usage", self._cause)

    async def close(self) -> None:
        """Nothing is open."""
