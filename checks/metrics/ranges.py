"""A plain file in ranges of bytes, each of whole records, so that ranges can be counted apart and added up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from checks.metrics.reading import Begins

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


def ranges(stream: IO[bytes], start: int, end: int, begins: Begins | None) -> Iterator[Range]:
    """Cut a file between two offsets, each the beginning of a record or the file's end."""
    size = min(RANGE_BYTES, max(_FEWEST_BYTES, (end - start) // _RANGES_A_FILE))
    while end - start > size:
        cut = _cut(stream, start, start + size, begins) or _line_end(stream, start + size, end)
        yield Range(start, cut)
        start = cut
    if start < end:
        stream.seek(end - 1)
        torn = stream.read(1) != b"\n"
        cut = _cut(stream, start, end, None) if torn and begins is None else 0
        if cut:
            yield Range(start, cut)
        yield Range(max(start, cut), end, torn)


def _cut(stream: IO[bytes], start: int, end: int, begins: Begins | None) -> int:
    """Find the last place before `end` where a record begins; else where a line does; 0 where none does."""
    fallback = 0
    low = end
    while low > max(start, end - _FURTHEST):
        low = max(start, low - _STEP)
        stream.seek(low)
        data = stream.read(end - low)
        stop = len(data)
        while (stop := data.rfind(b"\n", 0, stop)) >= 0:
            fallback = fallback or low + stop + 1
            line_end = data.find(b"\n", stop + 1)
            if begins is None or (line_end > 0 and begins(data[stop + 1 : line_end])):
                return low + stop + 1
    return fallback


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
