"""What a Gemini error says: what is at fault, for how long, and when to come back.

The text of an error never leaves: only the facts below are read from it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic_core import from_json

LARGEST_DETAILS = 65_536
"""The most bytes of an error's body that are looked at."""
LONGEST_DELAY = 86_400.0
"""The longest wait that is believed, in seconds."""

_DELAY = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)s?")
_WORD = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_NO_QUOTA = re.compile(r"\blimit: 0(?![.0-9])")
_PER_DAY = re.compile(r"per_?day", re.IGNORECASE)


class Cause(StrEnum):
    """Why a call was refused; whom it marks, and for how long, follows from it.

    QUOTA_MINUTE  the project's quota for a model is used up for now
    QUOTA_DAY     the same until midnight in the Pacific time zone, whatever short delay the answer names
    NO_QUOTA      the project has no access to the model at all: its limit is 0
    CAPACITY      the model has no room: no account's fault
    BAD_KEY       the key is not accepted
    PERMISSION    the key's project may not: its region, its billing, its APIs
    OTHER         anything else
    """

    QUOTA_MINUTE = "quota_minute"
    QUOTA_DAY = "quota_day"
    NO_QUOTA = "no_quota"
    CAPACITY = "capacity"
    BAD_KEY = "bad_key"
    PERMISSION = "permission"
    OTHER = "other"


QUOTA_CAUSES = frozenset({Cause.QUOTA_MINUTE, Cause.QUOTA_DAY, Cause.NO_QUOTA})
"""What marks a project for one model."""
ACCOUNT_CAUSES = frozenset({Cause.BAD_KEY, Cause.PERMISSION})
"""What marks one account for all models."""


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """An answer that is an error.

    reason       ErrorInfo's reason, else the error's status word, else `http_<status>`
    retry_after  seconds to wait, from RetryInfo in the body, else from the Retry-After header
    """

    status: int
    reason: str
    cause: Cause
    retry_after: float | None


def read_refused_call(status: int, retry_after: str | None, body: bytes) -> RefusedCall:
    """The facts of an error; a body that is HTML, empty, cut or wrapped in a list is no problem."""
    error = _error_of(body)
    details = [detail for detail in _list(error.get("details")) if isinstance(detail, dict)]
    words = [_word(value) for value in [*(detail.get("reason") for detail in details), error.get("status")]]
    word = next((word for word in words if word), f"http_{status}")
    delays = [_seconds(detail.get("retryDelay")) for detail in details]
    delay = next((delay for delay in [*delays, _seconds(retry_after)] if delay is not None), None)
    return RefusedCall(status, word, _cause(status, word, error, details), delay)


def _cause(status: int, word: str, error: dict[str, Any], details: list[dict[str, Any]]) -> Cause:
    if status == 429:
        return Cause.CAPACITY if "CAPACITY" in word else _quota(error, details)
    if status == 503:
        return Cause.CAPACITY
    if status == 401 or (status in (400, 403) and word == "API_KEY_INVALID"):
        return Cause.BAD_KEY
    if status == 403 or (status == 400 and error.get("status") == "FAILED_PRECONDITION"):
        return Cause.PERMISSION
    return Cause.OTHER


def _quota(error: dict[str, Any], details: list[dict[str, Any]]) -> Cause:
    violations = [
        violation for detail in details for violation in _list(detail.get("violations")) if isinstance(violation, dict)
    ]
    message = error.get("message")
    without_limit = isinstance(message, str) and _NO_QUOTA.search(message)
    if without_limit or any(violation.get("quotaValue") == "0" for violation in violations):
        return Cause.NO_QUOTA
    names = [str(violation.get(name)) for violation in violations for name in ("quotaId", "quotaMetric")]
    return Cause.QUOTA_DAY if any(_PER_DAY.search(name) for name in names) else Cause.QUOTA_MINUTE


def _error_of(body: bytes) -> dict[str, Any]:
    try:
        found = from_json(body[:LARGEST_DETAILS])
    except ValueError:
        return {}
    if isinstance(found, list) and found:
        found = found[0]
    error = found.get("error") if isinstance(found, dict) else None
    return error if isinstance(error, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def _seconds(value: object) -> float | None:
    match = _DELAY.fullmatch(value) if isinstance(value, str) else None
    return min(math.ceil(float(match[1]) * 1000) / 1000, LONGEST_DELAY) if match else None
