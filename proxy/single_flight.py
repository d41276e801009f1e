"""Equal work that is under way is done once, and all who asked get its result."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Result = TypeVar("Result")


@dataclass(slots=True)
class _Flight(Generic[Result]):
    task: asyncio.Task[Result]
    waiting: int = 0


class SingleFlight(Generic[Result]):
    """One piece of work for each key at a time, within this process.

    Who leaves (is cancelled) cancels nothing for the others; when the last one leaves, the work is cancelled.
    joined  how many have joined work that another had started
    """

    def __init__(self) -> None:
        self._flights: dict[str, _Flight[Result]] = {}
        self.joined = 0

    @property
    def in_flight(self) -> int:
        """How many pieces of work are under way."""
        return len(self._flights)

    async def run(self, key: str, work: Callable[[], Awaitable[Result]]) -> tuple[Result, bool]:
        """The work's result, and whether another had started it. An error of the work reaches all who wait."""
        flight = self._flights.get(key)
        joins = flight is not None
        if flight is None:
            flight = self._flights[key] = _Flight(asyncio.ensure_future(_awaited(work)))
        self.joined += joins
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task), joins
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                flight.task.cancel()
            if self._flights.get(key) is flight and (flight.task.done() or not flight.waiting):
                del self._flights[key]


async def _awaited(work: Callable[[], Awaitable[Result]]) -> Result:
    return await work()
