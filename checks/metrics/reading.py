"""Files as text, a bounded piece of whole lines at a time, whatever bytes are in them."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, cast

from checks.metrics.errors import LogSourceError
from checks.metrics.sources import LogFile

LONGEST_LINE = 10 * 1024 * 1024
"""A line of more bytes is passed over and counted unparsed."""

_BLOCK = 8 * 1024 * 1024
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Piece:
    """Some lines of a file.

    `lines` are those that are UTF-8, `undecodable` the others with their wrong bytes replaced; `too_long` counts those
    that were passed over. `torn` is a last line without an end, which is in none of these; None where there is none.
    `torn_whole` is False where it can't be a whole record: it is not UTF-8, or was too long.
    """

    lines: str = ""
    count: int = 0
    undecodable: tuple[str, ...] = ()
    too_long: int = 0
    torn: str | None = None
    torn_whole: bool = False


class TruncatedFileError(Exception):
    """A compressed file ends before its end, or is damaged; all before that point has been read."""


def pieces(file: LogFile) -> Iterator[Piece]:
    """Read a file, compressed by gzip or not (by its first bytes, not its name).

    Memory stays bounded by a few blocks of 8 MiB. Raises LogSourceError where nothing can be read, and
    TruncatedFileError, after the pieces that could be read, where a compressed file is not whole.
    """
    carried, skipping, broken = b"", False, None
    with _opened(file) as stream:
        try:
            for block in _blocks(stream):
                data, too_long = carried + block, 0
                if skipping or _first_line_length(data) > LONGEST_LINE:
                    end = data.find(b"\n") + 1
                    skipping = end == 0
                    too_long = int(not skipping)
                    data = data[end:] if end else b""
                cut = data.rfind(b"\n") + 1
                carried = data[cut:]
                yield _decoded(data[:cut], too_long)
        except _DAMAGED as error:
            broken = error
        except OSError as error:
            raise LogSourceError(str(file.path), f"reading it failed ({error})", "check the disk") from error
    if carried or skipping:
        yield _torn(carried)
    if broken is not None:
        raise TruncatedFileError(str(broken)) from broken


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    """Read by single reads, so that what precedes a damaged place is not lost with it."""
    collected: list[bytes] = []
    first, size = True, 0
    try:
        while part := stream.read1(_BLOCK):  # type: ignore[attr-defined]  # files and gzip have it, IO lacks it
            collected.append(part.removeprefix(_BYTE_ORDER_MARK) if first else part)
            first = False
            if (size := size + len(part)) >= _BLOCK:
                yield b"".join(collected)
                collected, size = [], 0
    except _DAMAGED:
        yield b"".join(collected)
        raise
    yield b"".join(collected)


def _opened(file: LogFile) -> IO[bytes]:
    try:
        stream: IO[bytes] = file.path.open("rb")
        start = stream.read(4)
        stream.seek(0)
    except OSError as error:
        raise LogSourceError(str(file.path), f"it can't be read ({error})", "check its permissions") from error
    if start == _ZSTD:
        stream.close()
        raise LogSourceError(str(file.path), "it is compressed by zstd", "unpack it first: unzstd FILE")
    if start.startswith(_GZIP):
        stream.close()
        return cast("IO[bytes]", gzip.open(file.path, "rb"))
    return stream


def _first_line_length(data: bytes) -> int:
    end = data.find(b"\n")
    return len(data) if end < 0 else end


def _torn(data: bytes) -> Piece:
    try:
        return Piece(torn=data.decode("utf-8"), torn_whole=bool(data))
    except UnicodeDecodeError:
        return Piece(torn=data.decode("utf-8", "replace"))


def _decoded(data: bytes, too_long: int) -> Piece:
    text, undecodable = data[:-1], []
    if not data:
        return Piece(too_long=too_long)
    try:
        return Piece(text.decode("utf-8"), data.count(b"\n"), (), too_long)
    except UnicodeDecodeError:
        good = []
        for line in text.split(b"\n"):
            try:
                good.append(line.decode("utf-8"))
            except UnicodeDecodeError:
                undecodable.append(line.decode("utf-8", "replace"))
        return Piece("\n".join(good), len(good), tuple(undecodable), too_long)
