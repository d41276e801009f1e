"""What a place for cached answers can do."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Entry:
    """A whole answer as it was sent, with what the log and the operator want to know of it.

    body         the response's body, byte for byte
    images       how many images it holds
    prompt_hash  the keyed hash of the prompt; the prompt itself is never kept
    created_at   when it was made, in seconds since 1970
    """

    body: bytes
    images: int
    model: str
    prompt_hash: str
    created_at: float


@dataclass(frozen=True, slots=True)
class Usage:
    """How much is kept, and how many answers were removed to make room since the start."""

    entries: int
    bytes: int
    evictions: int


class CacheError(Exception):
    """An operation on the cache failed. `cause` is an errno's name or the database's own words."""

    def __init__(self, operation: str, cause: str) -> None:
        self.operation = operation
        self.cause = cause
        super().__init__(f"{operation}: {cause}")


class Cache(Protocol):
    """A place for answers. Every method raises CacheError, and nothing else, when it fails."""

    def peek(self, key: str) -> Entry | None:
        """The answer for a key where it is at hand in memory and may still be served; never waits, never fails."""
        ...

    async def get(self, key: str) -> Entry | None:
        """The answer for a key; None where there is none that may still be served."""
        ...

    async def put(self, key: str, entry: Entry) -> None:
        """Keep an answer, replacing an older one; one that is larger than the whole cache is not kept."""
        ...

    def lease(self, key: str) -> AbstractAsyncContextManager[None]:
        """Waits until no other process makes the answer for a key, and keeps others waiting until it is left."""
        ...

    async def usage(self) -> Usage:
        """How much is kept."""
        ...

    async def close(self) -> None:
        """Release what the cache holds open."""
        ...


def cause_of(error: OSError | sqlite3.Error) -> str:
    """A failure in a few words without a path: `ENOSPC`, `database is locked`.

    >>> cause_of(OSError(28, "No space left on device"))
    'ENOSPC'
    """
    if isinstance(error, OSError):
        return errno.errorcode.get(error.errno or 0, type(error).__name__)
    return str(error)
