"""A plain file in ranges of bytes, each of whole records, so that ranges can be counted apart and added up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from checks.metrics.reading import Begins

RANGE_BYTES = 64 * 1024 * 1024
"""Large enough that planning a query does not count, small enough for some of them in memory."""

_STEP = 64 * 1024
_FURTHEST = 8 * 1024 * 1024
"""How far back from a range's end a record's beginning is looked for."""


@dataclass(frozen=True)
class Range:
    """Bytes from `start` up to, not including, `end`; `torn` where its last line has no end."""

    start: int
    end: int
    torn: bool = False


def ranges(stream: IO[bytes], start: int, end: int, begins: Begins | None) -> Iterator[Range]:
    """Cut a file between two offsets, each the beginning of a record or the file's end."""
    while end - start > RANGE_BYTES:
        cut = _cut(stream, start, start + RANGE_BYTES, begins)
        yield Range(start, cut)
        start = cut
    if start < end:
        stream.seek(end - 1)
        yield Range(start, end, torn=stream.read(1) != b"\n")


def _cut(stream: IO[bytes], start: int, end: int, begins: Begins | None) -> int:
    """Find the last place before `end` where a record begins; else where a line does; else give `end`."""
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
    return fallback or end
