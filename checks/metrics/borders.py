"""Where a log may be cut in two, so that the parts are counted apart: at the beginning of a record.

A record that quotes text from outside (see quotation.py) may hold what looks like the beginning of others. So where a
format has such, a log is cut at the beginning of a quotation, if the one before it has ended: its parts then have the
quotations that the whole has.
"""

from __future__ import annotations

from collections.abc import Callable

import re2

from checks.metrics.log_format import LogFormat

_Test = Callable[[bytes], bool]


class Borders:
    """Borders between records of a format; each line is a record where `first_line` is None."""

    def __init__(self, log_format: LogFormat) -> None:
        quotes = log_format.quotes
        self._begins = _test(log_format.first_line or "")
        self._quotes = quotes
        self._before = quotes.before.encode() if quotes else b""
        self._after = quotes.after.encode() if quotes else b""
        self._opens = _test(quotes.opens if quotes else "")
        self._closes = _test(quotes.closes if quotes else "")

    def last(self, data: bytes, end: int) -> int:
        """Find the last border before `end`, where a line ends; 0 where none is known."""
        if self._quotes is None:
            return self.last_record(data, end)
        while (at := data.rfind(self._before, 0, end)) >= 0:
            end = data.rfind(b"\n", 0, at) + 1
            if self._is_opening(_line(data, end)) and self._has_closed(data, end):
                return end
        return 0

    def last_record(self, data: bytes, end: int) -> int:
        """Find the last line before `end` that looks like a record's beginning; 0 where none does."""
        while end:
            end = data.rfind(b"\n", 0, end - 1) + 1
            if self._begins(_line(data, end)):
                return end
        return 0

    def quoted_in(self, data: bytes) -> bool:
        """True where records may quote in some lines; False where each line that looks like a record is one."""
        return self._quotes is not None and self._before in data

    def _is_opening(self, line: bytes) -> bool:
        return self._before in line and self._begins(line) and self._opens(line)

    def _has_closed(self, data: bytes, end: int) -> bool:
        """Tell whether the quotation before `end` is known to have ended."""
        while (at := max(data.rfind(self._before, 0, end), data.rfind(self._after, 0, end))) >= 0:
            end = data.rfind(b"\n", 0, at) + 1
            line = _line(data, end)
            if self._after in line and self._closes(line):
                return True
            if self._is_opening(line):
                return False
        return False


def _line(data: bytes, start: int) -> bytes:
    end = data.find(b"\n", start)
    return data[start : end if end >= 0 else len(data)].removesuffix(b"\r")


def _test(pattern: str) -> _Test:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    compiled = re2.compile(pattern.encode(), options)
    return lambda line: compiled.search(line) is not None
