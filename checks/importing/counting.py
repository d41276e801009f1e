"""Numbers in words: `at least 1 account, preferably 5-10`, `500+ lines`, `Should be: 50-1000`, `>0 hits`."""

from __future__ import annotations

import re
from typing import Any

_LEAST = (
    re.compile(r"(?:at least|minimum(?: of)?|>=|≥)\s*([0-9]{1,9})\b(?!\s*%)", re.IGNORECASE),
    re.compile(r"\b([0-9]{1,9})(?:\+|\s+or more)(?!\s*%)", re.IGNORECASE),
)
_MORE = re.compile(r"(?:>|more than|over)\s*([0-9]{1,9})\b(?!\s*%)", re.IGNORECASE)
_RANGE = re.compile(r"^([0-9]{1,12})\s*(?:-|–|\.\.|to)\s*([0-9]{1,12})$")
_PREFERRED = re.compile(r"prefer(?:ably|red)?:?\s*([0-9]{1,9})(?:\s*[-–]\s*([0-9]{1,9}))?", re.IGNORECASE)
_SHOULD = re.compile(
    r"(?:should\s+(?:be|say|print|show|return|equal)|expected|expect|must be)\s*:?\s+(.+)$", re.IGNORECASE
)
_NONE = re.compile(r"\b(?:should|must) (?:be|have|find|show) (?:no|none|zero|0|empty)\b|\bno output\b", re.IGNORECASE)
_SOME = re.compile(r"\bshould (?:have|list|show|find|contain)\b", re.IGNORECASE)


def count_expected(text: str) -> dict[str, Any] | None:
    """The comparator of a count that a text asks for; None where it asks for none.

    >>> count_expected("Should have at least 1 account, preferably 5-10")
    {'at_least': 1}
    """
    for pattern in _LEAST:
        if found := pattern.search(text):
            return {"at_least": int(found[1])}
    if found := _MORE.search(text):
        return {"above": int(found[1])}
    if _NONE.search(text):
        return {"equals": 0}
    return {"at_least": 1} if _SOME.search(text) else None


def count_preferred(text: str) -> dict[str, Any] | None:
    """The comparator of a count that a text would rather have."""
    found = _PREFERRED.search(text)
    if found is None:
        return None
    if found[2] is None:
        return {"at_least": int(found[1])}
    low, high = sorted((int(found[1]), int(found[2])))
    return {"between": [low, high]}


def value_expected(text: str) -> dict[str, Any] | None:
    """The comparator of a value that a comment gives.

    >>> value_expected("Should be: OFF|LOW|MEDIUM|HIGH")
    {'one_of': ['OFF', 'LOW', 'MEDIUM', 'HIGH']}
    >>> value_expected("Should be: 50-1000")
    {'between': [50, 1000]}
    """
    found = _SHOULD.search(text.strip())
    if found is None:
        return None
    said = found[1].strip().strip("`\"'")
    if span := _RANGE.match(said):
        low, high = int(span[1]), int(span[2])
        return {"between": [low, high]} if low <= high else None
    choices = [each.strip() for each in re.split(r"\||\bor\b|/", said)]
    if not all(re.fullmatch(r"[\w.-]{1,100}", choice) for choice in choices):
        return None
    values = [int(choice) if re.fullmatch(r"0|[1-9][0-9]{0,14}", choice) else choice for choice in choices]
    return {"equals": values[0]} if len(values) == 1 else {"one_of": values}


def at_least_pattern(least: int) -> str:
    """A regular expression for whole numbers of at least `least`, in digits.

    >>> at_least_pattern(51)
    '(?:5[1-9]|[6-9][0-9]|[1-9][0-9]{2,})'
    """
    digits = str(max(least, 1))
    parts = []
    for index in range(len(digits) - 1, -1, -1):
        lowest = int(digits[index]) + (0 if index == len(digits) - 1 else 1)
        if lowest <= 9:
            rest = len(digits) - index - 1
            tail = "" if not rest else "[0-9]" if rest == 1 else f"[0-9]{{{rest}}}"
            parts.append(f"{digits[:index]}{lowest if lowest == 9 else f'[{lowest}-9]'}{tail}")
    return f"(?:{'|'.join(parts)}|[1-9][0-9]{{{len(digits)},}})"
