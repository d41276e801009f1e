"""How often a request's calls are tried again, and how long after."""

from __future__ import annotations

import random
from collections.abc import Callable

from proxy.google_errors import Cause

MOST_CALLS = 3
"""The most calls for one image."""
MOST_TRANSIENT = 2
"""The most calls for one image while failures are no account's fault."""
SPARE_RETRIES = 2
"""How many further calls a request has for all its images together, beside one for each: it never burns a pool."""

FIRST_PAUSE = 0.25
"""The longest pause before the first further call, in seconds; it doubles with each."""
FIRST_CAPACITY_PAUSE = 0.5
"""The same where the model has no room."""
LONGEST_PAUSE = 8.0
"""The longest pause of all, in seconds."""


class Retries:
    """What one request may still spend on further calls, for all its images together."""

    def __init__(self, images: int) -> None:
        self._left = images + SPARE_RETRIES

    def spend(self) -> bool:
        """Take one further call; whether there was one left."""
        self._left -= 1
        return self._left >= 0


def spread(longest: float) -> float:
    """A pause drawn evenly from 0 to the longest: retries of many requests don't come together."""
    return random.uniform(0, longest)  # noqa: S311 - spreads retries, guards nothing


def pause_before(
    attempt: int, cause: Cause, retry_after: float | None, *, draw: Callable[[float], float] = spread
) -> float:
    """Seconds to wait before a further call (1 for the first), with full jitter.

    A delay that the service names is waited for in full, and the jitter comes on top of it.

    >>> pause_before(3, Cause.OTHER, None, draw=lambda longest: longest)
    1.0
    """
    first = FIRST_CAPACITY_PAUSE if cause is Cause.CAPACITY else FIRST_PAUSE
    return (retry_after or 0.0) + draw(min(LONGEST_PAUSE, first * 2 ** (attempt - 1)))
