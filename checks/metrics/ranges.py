"""A plain file in ranges of bytes, each of whole records, so that ranges can be counted apart and added up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from checks.metrics.borders import Borders

RANGE_BYTES = 64 * 1024 * 1024
"""The most bytes of a range: planning a query does not count beside it, and some of them are in memory at a time."""

_FEWEST_BYTES = 8 * 1024 * 1024
_RANGES_A_FILE = 4
"""Smaller files are cut as well, for several cores to work on."""

_STEP = 64 * 1024
_FURTHEST = 8 * 1024 * 1024
"""How far back from a range's end a record's beginning is looked for."""


@dataclass(frozen=True)
class Range:
    """Bytes from `start` up to, not including, `end`.

    `torn` where its last line has no end; where each line is a record, that line is a range by itself.
    """

    start: int
    end: int
    torn: bool = False


def ranges(stream: IO[bytes], start: int, end: int, borders: Borders | None) -> Iterator[Range]:
    """Cut a file between two offsets, each the beginning of a record or the file's end."""
    size = min(RANGE_BYTES, max(_FEWEST_BYTES, (end - start) // _RANGES_A_FILE))
    while end - start > size:
        cut = _cut(stream, start, start + size, end, borders)
        if cut == end:
            break
        yield Range(start, cut)
        start = cut
    if start < end:
        stream.seek(end - 1)
        torn = stream.read(1) != b"\n"
        cut = _last(stream, start, end, _whole) if torn and borders is None else 0
        if cut:
            yield Range(start, cut)
        yield Range(max(start, cut), end, torn)


def _cut(stream: IO[bytes], start: int, place: int, end: int, borders: Borders | None) -> int:
    """Find a border near a place, before it if there is one; else the end of a line; `end` where nothing is left."""
    if borders is None:
        return _last(stream, start, place, _whole) or _line_end(stream, place, end)
    if near := _last(stream, start, place, borders.last):
        return near
    if place + _FURTHEST >= end:
        return end
    after = _last(stream, start, place + _FURTHEST, borders.last)
    return after or _last(stream, start, place, borders.last_record) or _line_end(stream, place, end)


def _whole(_: bytes, end: int) -> int:
    return end


def _last(stream: IO[bytes], start: int, end: int, find: Callable[[bytes, int], int]) -> int:
    """Find the last place before `end`, not too far back, among whole lines; 0 where there is none."""
    step, low = _STEP, end
    while low > max(start, end - _FURTHEST):
        low = max(start, low - step)
        step *= 2
        stream.seek(low)
        data = stream.read(end - low)
        if found := find(data, data.rfind(b"\n") + 1):
            return low + found
    return 0


def _line_end(stream: IO[bytes], place: int, end: int) -> int:
    """Find where the line at a place ends."""
    stream.seek(place)
    while place < end:
        data = stream.read(min(_STEP, end - place))
        found = data.find(b"\n")
        if found >= 0 or not data:
            return place + found + 1
        place += len(data)
    return end
