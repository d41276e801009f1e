"""Is a line in a format? Asked of a file's first lines, to choose the format, and of one line, to explain it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import re2

from checks.metrics.log_format import LogFormat

_PAIR = re2.compile(r'([A-Za-z_@][A-Za-z0-9_.@/-]*)=("(?:[^"\\]|\\.)*"|[^"\s]*)(?:\s|$)')


def recognised(lines: Sequence[str], log_format: LogFormat) -> int:
    """Count the lines that are in a format; those that continue a record of several lines are in it too."""
    if log_format.syntax == "pattern":
        return _recognised_by_pattern(lines, log_format)
    keys = set(log_format.recognised_by)
    return sum(keys <= fields_of(line, log_format).keys() for line in lines)


def fields_of(line: str, log_format: LogFormat) -> dict[str, str]:
    """Give the fields of a line of JSON or of key=value pairs as text, without those that are null.

    A line that is neither has none.
    """
    return _json_fields(line) if log_format.syntax == "json-lines" else pairs(line)


def record_beginning(log_format: LogFormat) -> Callable[[str], bool]:
    """Give the test of whether a line begins a record; every line does where each is one."""
    first_line = re2.compile(log_format.first_line or "")
    plain = log_format.plain_lines
    return lambda line: bool(first_line.search(line)) or (plain is not None and plain.has(line))


def pairs(line: str) -> dict[str, str]:
    """Give the key=value pairs of a line; of a key that stands twice, the first."""
    found: dict[str, str] = {}
    for key, value in _PAIR.findall(line):
        text = value[1:-1].replace('\\"', '"').replace("\\\\", "\\") if value.startswith('"') else value
        found.setdefault(key, text)
    return found


def _json_fields(line: str) -> dict[str, str]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(record, dict):
        return {}
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in record.items()
        if value is not None
    }


def _recognised_by_pattern(lines: Sequence[str], log_format: LogFormat) -> int:
    begins = record_beginning(log_format)
    count, length = 0, 0
    for line in lines:
        if begins(line):
            length = 1
        elif length:
            length += 1
        count += 0 < length <= log_format.at_most_lines
    return count
