"""Words for values: observed ones as verdict.json has them, spans, sizes, shares and times."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

NOTHING = "—"
MOST_ITEMS = 6
LONGEST_TEXT = 160
MOST_DIGITS = 6
_LEVELS = 3
_LARGEST = 1e300
_NOT_A_NUMBER = "not a number"


def worded(value: object, levels: int = _LEVELS) -> str:
    """An observed value in words; quantities with a unit that fits, lists and mappings cut with a count.

    >>> worded({"value": 0.41, "unit": "ratio"}), worded({"value": 0.312, "unit": "s"}), worded(None)
    ('41.0 %', '312 ms', '—')
    >>> worded({"value": 1_200_000, "unit": "bytes"}), worded("2026-01-11T10:00:00Z"), worded(["a", 1])
    ('1.2 MB', '2026-01-11 10:00:00 UTC', 'a, 1')
    """
    match value:
        case None:
            return NOTHING
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number(value)
        case str():
            return _text(value)
        case {"value": None, "unit": str(), **rest} if not rest:
            return NOTHING
        case {"value": int() | float() as held, "unit": str(unit), **rest} if unit in _WORDINGS and not rest:
            return _WORDINGS[unit](held)
        case Mapping() if levels:
            pairs = [f"{key}: {worded(inner, levels - 1)}" for key, inner in list(value.items())[:MOST_ITEMS]]
            return _counted(pairs, len(value)) or "empty"
        case Sequence() if levels:
            return _counted([worded(each, levels - 1) for each in value[:MOST_ITEMS]], len(value)) or "none"
        case _:
            return _cut(json.dumps(value, default=str))


def number(value: float) -> str:
    """A plain number: whole as it is, else with as many decimals as tell it from a whole one."""
    if isinstance(value, int):
        return str(value)
    if not _is_finite(value):
        return _NOT_A_NUMBER
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"


def share(ratio: float) -> str:
    """A ratio in per cent.

    >>> share(0.41), share(0.29996)
    ('41.0 %', '29.996 %')
    """
    return f"{_decimals(ratio * 100)} %" if _is_finite(ratio) else _NOT_A_NUMBER


def span(seconds: float) -> str:
    """A span of time.

    >>> span(0.312), span(4.25), span(125), span(7200)
    ('312 ms', '4.2 s', '2 min 5 s', '2 h')
    """
    if not _is_finite(seconds):
        return _NOT_A_NUMBER
    if abs(seconds) < 1:
        milliseconds = seconds * 1000
        return f"{milliseconds:.0f} ms" if abs(milliseconds) >= 10 or not milliseconds else f"{milliseconds:.2g} ms"
    if abs(seconds) < 60:
        return f"{_trimmed(_decimals(seconds))} s"
    left, words = round(seconds), []
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, length)
        if count:
            words.append(f"{count} {unit}")
    return " ".join(words[:2])


def size(count: float) -> str:
    """A number of bytes, in SI units.

    >>> size(512), size(1_200_000)
    ('512 B', '1.2 MB')
    """
    if not _is_finite(count):
        return _NOT_A_NUMBER
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{_trimmed(_decimals(count))} {unit}"
        count /= 1000
    return f"{_trimmed(_decimals(count))} TB"


def moment(at: datetime | None) -> str:
    """A time in UTC, to the second."""
    return NOTHING if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


_WORDINGS = {"ratio": share, "s": span, "bytes": size}
"""By the units in which verdict.json holds quantities (`checks.observed.UNITS`)."""


def _is_finite(value: float) -> bool:
    """False also for whole numbers that no float can hold."""
    return abs(value) < _LARGEST


def _decimals(value: float) -> str:
    """One decimal, or as many as it takes for a value next to a whole number not to look like one.

    A rate of 29.996 % beside "at least 30 %" must not read as 30.0 %.
    """
    for digits in range(1, MOST_DIGITS):
        written = f"{value:.{digits}f}"
        if not float(written).is_integer() or math.isclose(float(written), value, rel_tol=1e-12):
            return written
    return f"{value:.{MOST_DIGITS}f}"


def _trimmed(written: str) -> str:
    return written.removesuffix(".0")


def _text(value: str) -> str:
    if len(value) >= len("2026-01-11T10:00:00Z") and value[:4].isdigit() and value[10] == "T":
        with suppress(ValueError):
            at = datetime.fromisoformat(value)
            return moment(at) if at.tzinfo else value
    return _cut(value) or "(empty)"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}… ({len(text)} characters)"


def _counted(items: list[str], total: int) -> str:
    more = f" and {total - len(items)} more" if total > len(items) else ""
    return ", ".join(items) + more
