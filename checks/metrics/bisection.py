"""Where in a log that is in order of time a moment stands, found by looking at few places of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import IO

import re2

from checks.metrics.log_format import LogFormat
from checks.metrics.recognition import fields_of

SMALLEST = 4 * 1024 * 1024
"""Smaller files are read as a whole."""

MARGIN = timedelta(minutes=1)
"""How far records that were written at once may be out of order."""

_PROBE = 16 * 1024
_PROBES = 24
_CLF = re.compile(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}")
_PER_SECOND = {"epoch_s": 1, "epoch_ms": 1_000, "epoch_us": 1_000_000}


def offset_of(stream: IO[bytes], size: int, log_format: LogFormat, since: datetime) -> int:
    """Return the offset of a line before which all are older than `since`, 0 where that can't be told.

    It can be told of a file whose times, at places spread over it, are in order, but for MARGIN.
    """
    if size < SMALLEST:
        return 0
    places = [_time_at(stream, size * place // _PROBES, size, log_format) for place in range(_PROBES)]
    times = [found[1] for found in places if found]
    if len(times) < _PROBES or any(later < earlier - MARGIN for earlier, later in _pairs(times)):
        return 0
    low, high, offset = 0, size, 0
    while high - low > _PROBE:
        middle = (low + high) // 2
        found = _time_at(stream, middle, size, log_format)
        if found is None:
            return 0
        if found[1] < since - MARGIN:
            low, offset = middle, found[0]
        else:
            high = middle
    return offset


def _pairs(times: list[datetime]) -> Iterator[tuple[datetime, datetime]]:
    latest = times[0]
    for time in times[1:]:
        yield latest, time
        latest = max(latest, time)


def _time_at(stream: IO[bytes], place: int, size: int, log_format: LogFormat) -> tuple[int, datetime] | None:
    """Find the first record with a time that begins after a place: its offset, and its time."""
    stream.seek(place)
    data = stream.read(_PROBE)
    at = data.find(b"\n") + 1 if place else 0
    while at < len(data):
        end = data.find(b"\n", at)
        if end < 0:
            break
        time = time_of(data[at:end].decode("utf-8", "replace"), log_format)
        if time:
            return place + at, time
        at = end + 1
    return _time_at(stream, place + max(at, 1), size, log_format) if place + len(data) < size and at else None


def time_of(line: str, log_format: LogFormat) -> datetime | None:
    """Read the time of a line that is a record or begins one; None where it has none."""
    if log_format.syntax != "pattern":
        text = fields_of(line, log_format).get(log_format.time, "")
    elif log_format.first_line and re2.search(log_format.first_line, line):
        found = _CLF.search(line)
        text = (found[0] if found else "") if log_format.time_form == "clf" else line.split(" ", 1)[0]
    else:
        return None
    try:
        return _parsed(text, log_format.time_form)
    except (ValueError, OverflowError):
        return None


def _parsed(text: str, form: str) -> datetime:
    if form == "iso":
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    if form == "clf":
        return datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z")
    return datetime.fromtimestamp(float(text) / _PER_SECOND[form], UTC)
