"""Times and spans as people write them: "1h", "30m", "2026-01-11T10:00:00Z"."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SPAN = re.compile(r"([1-9][0-9]{0,6})([smhd])", re.ASCII)


def parse_span(text: str) -> timedelta:
    """Read a span such as 90s, 30m, 1h or 7d; raises ValueError, naming what is allowed, for anything else."""
    match = _SPAN.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a span of time; write a whole number and s, m, h or d, as 30m")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def parse_moment(text: str, now: datetime) -> datetime:
    """Read an ISO 8601 time (UTC where it names no zone), or a span, which means that long before `now`.

    Raises ValueError, naming what is allowed, for anything else.
    """
    if _SPAN.fullmatch(text):
        return now - parse_span(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        allowed = "write an ISO time, as 2026-01-11T10:00:00Z, or how long ago, as 1h"
        raise ValueError(f"{text!r} is not a time; {allowed}") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
