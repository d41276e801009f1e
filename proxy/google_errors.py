"""What a Gemini error says: which account is to blame and when to come back.

The text of an error never leaves: only the facts below are read from it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

LARGEST_DETAILS = 65_536
"""The most bytes of an error's body that are looked at."""
LONGEST_DELAY = 86_400.0
"""The longest wait that is believed, in seconds."""

_DELAY = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)s?")
_ACCOUNT_STATUSES = frozenset({401, 403})
_WORD = re.compile(r"[A-Z][A-Z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """An answer that is an error.

    reason          ErrorInfo's reason, else the error's status word, else `http_<status>`
    blames_account  whether the account's key, project or permission is at fault
    retry_after     seconds to wait, from RetryInfo in the body, else from the Retry-After header
    """

    status: int
    reason: str
    blames_account: bool
    retry_after: float | None


def read_refused_call(status: int, retry_after: str | None, body: bytes) -> RefusedCall:
    """The facts of an error; a body that is HTML, empty, cut or wrapped in a list is no problem."""
    error = _error_of(body)
    details = [detail for detail in _list(error.get("details")) if isinstance(detail, dict)]
    words = [_word(value) for value in [*(detail.get("reason") for detail in details), error.get("status")]]
    word = next((word for word in words if word), f"http_{status}")
    delays = [_seconds(detail.get("retryDelay")) for detail in details]
    delay = next((delay for delay in [*delays, _seconds(retry_after)] if delay is not None), None)
    broken_account = status == 400 and (word == "API_KEY_INVALID" or error.get("status") == "FAILED_PRECONDITION")
    return RefusedCall(status, word, status in _ACCOUNT_STATUSES or broken_account, delay)


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
