"""Times and spans as people write them: "1h", "30m", "2026-01-11T10:00:00Z"."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from checks.units import Dimension, Quantity

_LONGEST_S = 100 * 366 * 86_400


def parse_span(text: str) -> timedelta:
    """Read a span such as 90s, 30m, 1h or 7d, above zero and at most a hundred years.

    Raises ValueError, naming what is allowed, for anything else.
    """
    try:
        quantity = Quantity.parse(text)
    except ValueError:
        quantity = Quantity(0)
    if quantity.dimension is not Dimension.TIME or not 0 < quantity.value <= _LONGEST_S:
        raise ValueError(f"{text!r} is not a span of time; write a number above zero and s, m, h or d, as 30m")
    return timedelta(seconds=quantity.value)


def parse_window(text: str) -> int:
    """Read the length of a window in whole seconds, at least one; raises ValueError for anything else."""
    seconds = parse_span(text) / timedelta(seconds=1)
    if not seconds.is_integer():
        raise ValueError(f"{text!r} is not a whole number of seconds; write 1s or more, as 1m")
    return int(seconds)


def parse_moment(text: str, now: datetime) -> datetime:
    """Read an ISO 8601 time (UTC where it names no zone), or a span, which means that long before `now`.

    Raises ValueError, naming what is allowed, for anything else.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            return now - parse_span(text)
        except (ValueError, OverflowError) as error:
            allowed = "write an ISO time, as 2026-01-11T10:00:00Z, or how long ago, as 1h"
            raise ValueError(f"{text!r} is not a time; {allowed}") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
