"""Files as text, a bounded piece of whole lines at a time, whatever bytes are in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import IO

from checks.metrics.borders import Borders
from checks.metrics.compression import DAMAGED, open_plain
from checks.metrics.errors import LogSourceError
from checks.metrics.sources import LogFile

LONGEST_LINE = 10 * 1024 * 1024
"""A line of more bytes is passed over and counted unparsed."""

_BLOCK = 8 * 1024 * 1024
_FIRST_BLOCK = 256 * 1024
"""Little is read of a file of which only the beginning is looked at."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


UNREADABLE = "\x1a"
"""Stands in for a line that is not UTF-8 where records have several lines: it is no part of the one before."""


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


def pieces(file: LogFile, borders: Borders | None = None, start: int = 0, end: int | None = None) -> Iterator[Piece]:
    """Read a file, compressed or not (by its first bytes, not its name).

    `start` and `end` limit it to the bytes between them, of a file that is not compressed. With `borders` a piece ends
    where a record does, a torn last line is in the piece of its record, and a line that is not UTF-8 is also in
    `lines`, as UNREADABLE. Memory stays bounded by a few blocks of 8 MiB. Raises LogSourceError where nothing can be
    read, and TruncatedFileError, after the pieces that could be read, where a compressed file is not whole.
    """
    carried, skipping, broken = b"", False, None
    with _opened(file) as stream:
        try:
            for block in _blocks(stream, start, end):
                data, too_long = carried + block, 0
                if skipping or _first_line_length(data) > LONGEST_LINE:
                    end = data.find(b"\n") + 1
                    skipping = end == 0
                    too_long = int(not skipping)
                    data = data[end:] if end else b""
                cut = data.rfind(b"\n") + 1
                if borders:
                    cut = borders.last(data, cut) or _overdue(data, cut, borders)
                carried = data[cut:]
                yield _decoded(data[:cut], too_long, borders)
        except DAMAGED as error:
            broken = error
        except OSError as error:
            raise LogSourceError(str(file.path), f"reading it failed ({error})", "check the disk") from error
    if carried or skipping:
        yield from _last(carried, skipping, borders)
    if broken is not None:
        raise TruncatedFileError(str(broken)) from broken


def _overdue(data: bytes, end: int, borders: Borders) -> int:
    """Give a place to cut lines that have no border but are too long to wait for one; 0 where they aren't."""
    return (borders.last_record(data, end) or end) if end > LONGEST_LINE else 0


def _blocks(stream: IO[bytes], start: int, end: int | None) -> Iterator[bytes]:
    """Read by single reads, so that what precedes a damaged place is not lost with it."""
    collected: list[bytes] = []
    size, at, enough = 0, start, _FIRST_BLOCK
    if start:
        stream.seek(start)
    read = stream.read1  # type: ignore[attr-defined]  # files and archives have it, IO lacks it
    try:
        while part := read(enough if end is None else min(enough, end - at)):
            collected.append(part.removeprefix(_BYTE_ORDER_MARK) if at == 0 else part)
            at += len(part)
            if (size := size + len(part)) >= enough:
                yield b"".join(collected)
                collected, size, enough = [], 0, _BLOCK
    except DAMAGED:
        yield b"".join(collected)
        raise
    yield b"".join(collected)


def _opened(file: LogFile) -> IO[bytes]:
    try:
        return open_plain(file.path)
    except OSError as error:
        raise LogSourceError(str(file.path), f"it can't be read ({error})", "check its permissions") from error


def _first_line_length(data: bytes) -> int:
    end = data.find(b"\n")
    return len(data) if end < 0 else end


def _last(data: bytes, skipping: bool, borders: Borders | None) -> Iterator[Piece]:
    """Give the lines after the last whole record, and the torn line at the end, in one piece."""
    cut = data.rfind(b"\n") + 1
    whole = _decoded(data[:cut], 0, borders)
    if cut == len(data) and not skipping:
        yield whole
        return
    torn = data[cut:]
    try:
        text, readable = torn.decode("utf-8"), bool(torn)
    except UnicodeDecodeError:
        text, readable = torn.decode("utf-8", "replace"), False
    yield replace(whole, torn=text, torn_whole=readable)


def _decoded(data: bytes, too_long: int, borders: Borders | None) -> Piece:
    if not data:
        return Piece(too_long=too_long)
    text = data[:-1].replace(b"\r\n", b"\n").removesuffix(b"\r") if b"\r" in data else data[:-1]
    try:
        return Piece(text.decode("utf-8"), data.count(b"\n"), (), too_long)
    except UnicodeDecodeError:
        good, undecodable = [], []
        for line in text.split(b"\n"):
            try:
                good.append(line.decode("utf-8"))
            except UnicodeDecodeError:
                undecodable.append(line.decode("utf-8", "replace"))
                if borders:
                    good.append(UNREADABLE)
        return Piece("\n".join(good), len(good), tuple(undecodable), too_long)
