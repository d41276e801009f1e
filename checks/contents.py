"""Reading files that come from outside: only regular files, only so many bytes, never waiting for a pipe."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

MAXIMUM_BYTES = 16 << 20
"""Most that is read of a file into memory: 16 MiB."""
CHUNK_BYTES = 1 << 20


class UnreadableError(Exception):
    """A file that cannot be read as it has to be; the text names the file and the reason."""


def is_there(path: Path) -> bool:
    """Whether a path leads to something; raises UnreadableError where that cannot be told."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as problem:
        raise UnreadableError(f"{path}: {_why(problem)}") from problem
    return True


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; raises UnreadableError for all else, missing files among them."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as problem:
        raise UnreadableError(f"{path}: {_why(problem)}") from problem
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UnreadableError(f"{path}: not a regular file")
    return os.fdopen(handle, "rb")


def read_bounded(path: Path, limit: int = MAXIMUM_BYTES) -> bytes:
    """Return the whole content; raises UnreadableError, also where it has more than `limit` bytes."""
    with open_regular(path) as file:
        try:
            content = file.read(limit + 1)
        except OSError as problem:
            raise UnreadableError(f"{path}: {_why(problem)}") from problem
    if len(content) > limit:
        raise UnreadableError(f"{path}: more than {limit} bytes, the most that is read")
    return content


def chunks_of(path: Path) -> Iterator[bytes]:
    """Yield the content in pieces of at most 1 MiB, for files of any size; raises UnreadableError."""
    with open_regular(path) as file:
        try:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
        except OSError as problem:
            raise UnreadableError(f"{path}: {_why(problem)}") from problem


def _why(problem: OSError | ValueError) -> str:
    return (problem.strerror if isinstance(problem, OSError) else None) or str(problem)
