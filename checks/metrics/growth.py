"""One growing file: its beginning, by which it is known again under another name, and how far it was read."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from checks.metrics.borders import Borders
from checks.metrics.checkpoint import Mark
from checks.metrics.clock import Clock
from checks.metrics.compression import DAMAGED, compressed, open_plain
from checks.metrics.extraction import joins_lines
from checks.metrics.format_file import format_named
from checks.metrics.reading import LONGEST_LINE

HEAD_BYTES = 1024
"""So much of a file's beginning tells it from others; log lines hold times and ids."""

MOST_QUOTED = 256 * 1024
"""Bytes of lines that wait for a quotation to end; of more, the last that looks like a record ends what is counted."""

_SHORTEST_HEAD = 64
_NEWLINE = b"\n"


class GrowthError(Exception):
    """A file that was open can't be read further."""


class Growth:
    """A file that may grow, be renamed, cut to nothing, or turn up again as a packed copy.

    It stays open, so that it can be read to its end under whatever name. Raises OSError where it can't be opened, and
    GrowthError where it is packed and not whole.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.mark = Mark("", 0, 0)
        """How far it was read, and what it begins with."""
        self.clock = Clock()
        """The clock that stamped what was read of it."""
        self._packed = compressed(path)
        self._waiting = 0
        self._stream = _unpacked(path) if self._packed else path.open("rb")
        self._grow_head()

    @property
    def size(self) -> int:
        """How many bytes it has now, unpacked."""
        return self._stream.seek(0, 2)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def begins_as(self, mark: Mark) -> bool:
        """True where it begins with the very bytes that a mark was made of, and those are enough to tell."""
        if mark.head_bytes < _SHORTEST_HEAD:
            return False
        return _digest(self._from(0, mark.head_bytes)) == mark.head

    def is_copy_of(self, other: Growth) -> bool:
        """True where one of the two begins with all that the other's mark was made of."""
        return self.begins_as(other.mark) or other.begins_as(self.mark)

    def begun_anew(self) -> bool:
        """True where it was cut to nothing or written over since."""
        return self.size < self.mark.offset or _digest(self._from(0, self.mark.head_bytes)) != self.mark.head

    def skip_to(self, mark: Mark) -> None:
        """Go on where a file of the same beginning was left."""
        self.mark = replace(self.mark, offset=mark.offset)

    def has_lines(self) -> bool:
        """True where at least one whole line has come."""
        return _NEWLINE in self._from(0, LONGEST_LINE)

    def records(self, log_format: str | None, most: int) -> bytes:
        """Give the whole records that have come, at most so many bytes, and pass them; nothing where none has.

        Raises GrowthError where reading fails.
        """
        try:
            data = self._from(self.mark.offset, most)
        except OSError as error:
            raise GrowthError(f"reading on failed ({error})") from error
        if log_format is None:
            return b""
        end = self._end(data, log_format, rest=0 < len(data) == self._waiting)
        if not end and len(data) == most:
            end = len(data)  # a line beyond all bounds; it will be counted unparsed
        self._waiting = 0 if end else len(data)
        self.mark = replace(self.mark, offset=self.mark.offset + end)
        self._grow_head()
        return data[:end]

    def _end(self, data: bytes, log_format: str, *, rest: bool) -> int:
        end = data.rfind(_NEWLINE) + 1
        borders = _borders(log_format)
        if not end or borders is None or rest or self._packed:
            return end
        if borders.quoted_in(data) and end <= MOST_QUOTED:
            return borders.last(data, end)
        return borders.last_record(data, end)

    def _from(self, offset: int, most: int) -> bytes:
        self._stream.seek(offset)
        return self._stream.read(most)

    def _grow_head(self) -> None:
        if self.mark.head_bytes < HEAD_BYTES:
            head = self._from(0, HEAD_BYTES)
            self.mark = replace(self.mark, head=_digest(head), head_bytes=len(head))


def _unpacked(path: Path) -> IO[bytes]:
    """Unpack a file once: a packed one can't be read from somewhere inside."""
    unpacked = TemporaryFile(prefix="signoff-")  # noqa: SIM115 - it is closed with its Growth
    try:
        with open_plain(path) as stream:
            shutil.copyfileobj(stream, unpacked, 1 << 20)
    except DAMAGED as error:
        unpacked.close()
        raise GrowthError("its last part is missing") from error
    return unpacked


@cache
def _borders(log_format: str) -> Borders | None:
    known = format_named(log_format)
    return Borders(known) if joins_lines(known) else None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
