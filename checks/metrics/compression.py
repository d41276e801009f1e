"""Files as bytes, whatever they are compressed by: told by their first bytes, not by their names."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import zstandard

if TYPE_CHECKING:
    from typing_extensions import Buffer

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"

_BLOCK = 1 << 17

DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError)
"""What reading raises where a compressed file is cut short or damaged."""


def compressed(path: Path) -> bool:
    """True of a file that gzip or zstd made; raises OSError where it can't be read."""
    with path.open("rb") as stream:
        start = stream.read(4)
    return start.startswith(GZIP) or start == ZSTD


def open_plain(path: Path) -> IO[bytes]:
    """Open a file for reading what was packed into it, several packed parts one after the other included.

    Raises OSError where it can't be opened; reading raises one of DAMAGED where its end is missing.
    """
    stream = path.open("rb")
    start = stream.read(4)
    stream.seek(0)
    if start.startswith(GZIP):
        stream.close()
        return cast("IO[bytes]", gzip.open(path, "rb"))
    if start == ZSTD:
        return io.BufferedReader(_ZstdFrames(stream), _BLOCK)
    return stream


class _ZstdFrames(io.RawIOBase):
    """Frames of zstd one after the other; a last one that is not whole is an EOFError, which zstandard passes over."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._whole = True
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target: Buffer) -> int:
        while not self._ready:
            block = self._frame.unused_data if self._frame.eof else b""
            block = block or self._packed.read(_BLOCK)
            if not block:
                if not self._whole:
                    raise EOFError("the last frame is not whole")
                return 0
            if self._frame.eof:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            self._ready = memoryview(self._frame.decompress(block))
            self._whole = self._frame.eof
        view = memoryview(target).cast("B")
        size = min(len(view), len(self._ready))
        view[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def close(self) -> None:
        self._packed.close()
        super().close()
