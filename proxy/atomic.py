"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read: a temporary file beside it, fsync, rename, fsync of the folder.

    Raises OSError, and then leaves neither the file changed nor the temporary one behind.
    """
    with _beside(path) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    _sync(path.parent)


def place_private(path: Path, content: bytes) -> None:
    """The same, but that a loss of power may still take the file, or a part of it, until `settle` has ended."""
    with _beside(path) as file:
        file.write(content)


def settle(path: Path) -> None:
    """Bring a file that is in its place, and its name, to the disk; raises OSError."""
    _sync(path)
    _sync(path.parent)


@contextmanager
def _beside(path: Path) -> Generator[BinaryIO, None, None]:
    """A temporary file, which takes its place at the end."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            yield file
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
