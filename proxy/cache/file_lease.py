"""One process of a host at a time makes an answer: locks in a file, which the system releases when a process dies."""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from proxy.cache.protocol import CacheError, cause_of

LEASES = "leases.lock"
LONGEST_POLL = 0.05
"""How long a process waits at most before it looks again whether a lease is free, in seconds."""

_FLOCK = struct.Struct("hhqqi")
"""Linux's `struct flock`: kind, whence, start, length, process."""


class FileLeases:
    """Leases of answers' keys, each a locked byte of one empty file; raises OSError where that cannot be used.

    The byte is named by the first 60 bits of the key: nothing is written, so a lease takes no time from the disk.
    """

    def __init__(self, directory: Path) -> None:
        self._file = os.open(directory / LEASES, os.O_WRONLY | os.O_CREAT, 0o600)
        self._closed = False

    @asynccontextmanager
    async def hold(self, key: str) -> AsyncGenerator[None, None]:
        """The lease for a key, waited for without end; raises CacheError where it cannot be had at all."""
        place = int(key[:15], 16)
        try:
            while not _locked(self._file, place):
                await asyncio.sleep(random.uniform(LONGEST_POLL / 2, LONGEST_POLL))  # noqa: S311 - spreads looks
        except OSError as error:
            raise CacheError("lease", cause_of(error)) from error
        try:
            yield
        finally:
            if not self._closed:
                _change(self._file, fcntl.LOCK_UN, place)

    def close(self) -> None:
        """Close the file, which ends all leases."""
        os.close(self._file)
        self._closed = True


def _locked(descriptor: int, place: int) -> bool:
    """Whether the byte at a place could be locked; False where another has it."""
    try:
        _change(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, place)
    except BlockingIOError:
        return False
    return True


def _change(descriptor: int, kind: int, place: int) -> None:
    """Lock or free a byte: for this descriptor, or, where the system has no such locks, for this process."""
    if hasattr(fcntl, "F_OFD_SETLK"):
        lock = fcntl.F_UNLCK if kind == fcntl.LOCK_UN else fcntl.F_WRLCK
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _FLOCK.pack(lock, os.SEEK_SET, place, 1, 0))
    else:
        fcntl.lockf(descriptor, kind, 1, place)
