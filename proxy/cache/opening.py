"""The cache that the settings name, opened."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from proxy.cache.filesystem import FilesystemCache
from proxy.cache.protocol import Cache
from proxy.cache.redis_address import shown_address
from proxy.settings import Settings

BYTES_PER_MB = 1_000_000


def open_cache(
    settings: Settings,
    directory: Path,
    *,
    clock: Callable[[], float],
    on_damage: Callable[[str], None],
    on_eviction: Callable[[str, int], None],
) -> Cache:
    """The cache of the backend `filesystem` or `redis`.

    on_eviction  told why answers went before anybody asked, and how many; what Redis removes, only Redis knows
    Redis is not asked yet: it may come later. Raises CacheError where a folder or its index cannot be used.
    """
    if settings.cache_backend == "redis":
        from proxy.cache.redis_cache import RedisCache  # takes long to load

        return RedisCache(
            settings.redis_url.get_secret_value(),
            ttl=settings.cache_ttl_seconds,
            clock=clock,
            steady=time.monotonic,
            on_damage=on_damage,
        )
    max_bytes = settings.cache_max_size_mb * BYTES_PER_MB
    return FilesystemCache(
        directory,
        max_bytes=max_bytes,
        memory_bytes=min(max_bytes, settings.cache_memory_mb * BYTES_PER_MB),
        ttl=settings.cache_ttl_seconds,
        clock=clock,
        on_damage=on_damage,
        on_eviction=on_eviction,
    )


def place_of(settings: Settings, directory: Path) -> dict[str, str | int | None]:
    """Where answers are kept and how many bytes they may take; what a backend does not have is None."""
    on_disk = settings.cache_backend != "redis"
    return {
        "directory": str(directory) if on_disk else None,
        "address": None if on_disk else shown_address(settings.redis_url.get_secret_value()),
        "max_bytes": settings.cache_max_size_mb * BYTES_PER_MB if on_disk else None,
    }
