"""One process of a host at a time makes an answer: locks on files, which the system releases when a process dies."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from proxy.cache.protocol import CacheError, cause_of

LEASES = "leases"
LONGEST_POLL = 0.05
"""How long a process waits at most before it looks again whether a lease is free, in seconds."""


class FileLeases:
    """Leases in a folder of their own beside the answers; raises OSError where it cannot be used."""

    def __init__(self, directory: Path) -> None:
        self._folder = directory / LEASES
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for path in self._folder.iterdir():
            descriptor = _locked(path)
            if descriptor is not None:
                _release(path, descriptor)

    @asynccontextmanager
    async def hold(self, key: str) -> AsyncGenerator[None, None]:
        """The lease for a key, waited for without end; raises CacheError where it cannot be had at all."""
        path = self._folder / key
        try:
            while (descriptor := _locked(path)) is None:
                await asyncio.sleep(random.uniform(LONGEST_POLL / 2, LONGEST_POLL))  # noqa: S311 - spreads looks
        except OSError as error:
            raise CacheError("lease", cause_of(error)) from error
        try:
            yield
        finally:
            _release(path, descriptor)


def _locked(path: Path) -> int | None:
    """A descriptor that holds the lock of a file; None where another has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Its last holder may have removed the file after we opened it: then the lock keeps nobody out.
        if os.fstat(descriptor).st_ino == path.stat().st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _release(path: Path, descriptor: int) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
    os.close(descriptor)
