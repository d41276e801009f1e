"""Comparators as a file writes them: `name: operand`, each operand checked before anything runs."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Callable
from typing import Any

import re2

from checks.comparators import Between, Bound, Comparator, Contains, Equals, Exists, Matches, NotEquals, OneOf, Trend
from checks.judgement import shown, why_unjudgeable
from checks.units import Quantity


def _read_equals(raw: object) -> Comparator:
    return Equals(_operand(raw))


def _read_not_equals(raw: object) -> Comparator:
    return NotEquals(_operand(raw))


def _bound(phrase: str, compare: Callable[[float, float], bool]) -> Callable[[object], Comparator]:
    return lambda raw: Bound(phrase, compare, Quantity.parse(raw))


def _read_between(raw: object) -> Comparator:
    if not isinstance(raw, list) or len(raw) != 2:
        raise ValueError(f"needs a list of two values, the lower first, not {shown(raw)}")
    low, high = (Quantity.parse(each) for each in raw)
    lower, higher = low.against(high)
    if lower > higher:
        raise ValueError(f"the ends are reversed: {low} is more than {high}; write the lower first")
    return Between(low, high)


def _read_one_of(raw: object) -> Comparator:
    if not isinstance(raw, list) or not raw:
        raise ValueError(f"needs a list of at least one value, not {shown(raw)}")
    return OneOf(tuple(_operand(each) for each in raw))


def _read_contains(raw: object) -> Comparator:
    parts = raw if isinstance(raw, list) else [raw]
    if not parts:
        raise ValueError("an empty list asks for nothing")
    return Contains(tuple(_operand(each) for each in parts))


def _read_matches(raw: object) -> Comparator:
    if not isinstance(raw, str):
        raise ValueError(f"needs a regular expression in quotes, not {shown(raw)}")  # noqa: TRY004 - the file is wrong
    options = re2.Options()
    options.log_errors = False
    try:
        return Matches(raw, re2.compile(raw.encode("utf-8", "replace"), options))
    except re2.error as error:
        detail = error.args[0] if error.args else "not understood"
        detail = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else detail
        raise ValueError(f"the regular expression {raw!r} cannot be compiled (RE2 syntax): {detail}") from None


def _read_exists(raw: object) -> Comparator:
    if not isinstance(raw, bool):
        raise ValueError(f"needs true or false, not {shown(raw)}")  # noqa: TRY004 - the file is wrong
    return Exists(raw)


def _read_trend(raw: object) -> Comparator:
    if raw not in ("rising", "falling"):
        raise ValueError(f"needs rising or falling, not {shown(raw)}")
    return Trend(str(raw))


def _operand(raw: Any) -> Any:
    if raw is None:
        raise ValueError("no value is given; for something that must be absent write exists: false")
    flaw = why_unjudgeable(raw)
    if flaw:
        raise ValueError("a number to compare with has to be finite")
    return raw


READERS: dict[str, Callable[[object], Comparator]] = {
    "equals": _read_equals,
    "not_equals": _read_not_equals,
    "above": _bound("above", operator.gt),
    "at_least": _bound("at least", operator.ge),
    "below": _bound("below", operator.lt),
    "at_most": _bound("at most", operator.le),
    "between": _read_between,
    "one_of": _read_one_of,
    "contains": _read_contains,
    "matches": _read_matches,
    "exists": _read_exists,
    "trend": _read_trend,
}
"""Every comparator's name and how its operand is read."""


def read_comparator(name: object, raw: object) -> Comparator:
    """Read one comparator. Raises ValueError with its name, what is wrong, and the nearest spelling."""
    if name not in READERS:
        near = difflib.get_close_matches(str(name), READERS, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ValueError(f"there is no comparator {name!r}; {hint}allowed are {', '.join(READERS)}")
    try:
        return READERS[str(name)](raw)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
