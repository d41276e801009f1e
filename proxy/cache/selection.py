"""Which of the cached answers an operator means."""

from __future__ import annotations

import re
from dataclasses import dataclass

_AGE = re.compile(r"([0-9]{1,9})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a kept answer without reading its body; `created_at` is in seconds since 1970."""

    key: str
    model: str
    prompt_hash: str
    created_at: float
    bytes: int


@dataclass(frozen=True, slots=True)
class Selection:
    """Answers of a model, of a prompt (by the log's hash) and older than so many seconds; None takes all."""

    model: str | None = None
    prompt_hash: str | None = None
    older_than: float | None = None

    def takes(self, kept: Kept, now: float) -> bool:
        """Whether an answer is meant."""
        return (
            self.model in (None, kept.model)
            and self.prompt_hash in (None, kept.prompt_hash)
            and (self.older_than is None or now - kept.created_at > self.older_than)
        )


def read_age(text: str) -> float:
    """Seconds of an age in one unit, s, m, h or d; raises ValueError.

    >>> read_age("2h")
    7200.0
    """
    match = _AGE.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is no age; give a whole number and s, m, h or d, for example 2h")
    return float(int(match[1]) * _SECONDS[match[2]])
