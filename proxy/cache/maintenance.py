"""What an operator does to a cache from the command line, whether or not a server is using it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from proxy.cache.file_shelf import FileShelf
from proxy.cache.protocol import CacheError
from proxy.cache.selection import Kept, Selection
from proxy.errors import StartError
from proxy.settings import Settings


class Shelf(Protocol):
    """The answers of a cache, as an operator handles them. Every method raises CacheError when it fails."""

    place: dict[str, str]
    """Backend, and directory or address."""

    def kept(self) -> Iterator[Kept]:
        """All answers."""
        ...

    def fault(self, kept: Kept) -> str | None:
        """What is wrong with an answer; None where it is whole, or gone meanwhile."""
        ...

    def orphans(self) -> int:
        """How many files belong to no answer."""
        ...

    def remove(self, kept: Iterable[Kept]) -> int:
        """Remove answers; how many there were."""
        ...

    def close(self) -> None:
        """Release what is held open."""
        ...


def shelf_of(settings: Settings, directory: Path) -> Shelf:
    """The answers of the cache that the settings name; with the backend `none`, those that an earlier run left."""
    if settings.cache_backend == "redis":
        from proxy.cache.redis_shelf import RedisShelf  # takes long to load

        return RedisShelf(settings.redis_url.get_secret_value())
    return FileShelf(directory)


def stats(shelf: Shelf, selection: Selection, now: float) -> dict[str, Any]:
    """How many answers are meant, and their bytes, also by model; raises StartError where they cannot be read."""
    models: dict[str, dict[str, int]] = defaultdict(lambda: {"entries": 0, "bytes": 0})
    try:
        for kept in shelf.kept():
            if selection.takes(kept, now):
                models[kept.model]["entries"] += 1
                models[kept.model]["bytes"] += kept.bytes
    except CacheError as error:
        raise _unusable(shelf, error) from error
    totals = {name: sum(of_model[name] for of_model in models.values()) for name in ("entries", "bytes")}
    return {**shelf.place, **totals, "models": dict(sorted(models.items()))}


def verify(shelf: Shelf, selection: Selection, now: float) -> dict[str, Any]:
    """Every answer that is meant hashed again: `entries`, `verified`, `orphans`, `bad: [{"key", "reason"}]`.

    `orphans` are files that no row names; the next start removes them. A cache that cannot be read is itself bad.
    """
    found: dict[str, Any] = {**shelf.place, "entries": 0, "verified": 0, "orphans": 0, "bad": []}
    try:
        found["orphans"] = shelf.orphans()
        for kept in shelf.kept():
            if selection.takes(kept, now):
                found["entries"] += 1
                reason = shelf.fault(kept)
                if reason:
                    found["bad"].append({"key": kept.key, "reason": reason})
                else:
                    found["verified"] += 1
    except CacheError as error:
        found["bad"].append({"key": None, "reason": f"the cache cannot be read: {error.cause}"})
    return found


def purge(shelf: Shelf, selection: Selection, now: float) -> dict[str, Any]:
    """Remove every answer that is meant and say how many there were; raises StartError where that fails."""
    try:
        purged = shelf.remove([kept for kept in shelf.kept() if selection.takes(kept, now)])
    except CacheError as error:
        raise _unusable(shelf, error) from error
    return {**shelf.place, "purged": purged}


def _unusable(shelf: Shelf, error: CacheError) -> StartError:
    place = shelf.place.get("directory") or shelf.place.get("address")
    return StartError(f"the cache in {place} cannot be used: {error.cause}")
