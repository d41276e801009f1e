"""A circuit breaker: after several failures in a row, what fails is left alone for a while."""

from __future__ import annotations

from collections.abc import Callable

FAILURES = 3
"""How many failures in a row open the circuit."""
OPEN_SECONDS = 5.0
"""How long it stays open; then one operation tries."""


class Breaker:
    """Says whether an operation may be tried; told how each one ended.

    clock  seconds that only go forward
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures = 0
        self._open_until = 0.0
        self.cause = ""

    def allows(self) -> bool:
        """Whether an operation may be tried; after the pause only one is, until it has ended."""
        if self._failures < FAILURES:
            return True
        if self._clock() < self._open_until:
            return False
        self._open_until = self._clock() + OPEN_SECONDS
        return True

    def succeeded(self) -> None:
        """An operation worked: the circuit closes."""
        self._failures = 0

    def failed(self, cause: str) -> None:
        """An operation failed."""
        self.cause = cause
        self._failures += 1
        if self._failures >= FAILURES:
            self._open_until = self._clock() + OPEN_SECONDS
