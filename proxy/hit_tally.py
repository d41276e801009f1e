"""Hits are so quick that counting each in every metric would take a fifth of their time: they are counted in bulk."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

SETTLE_SECONDS = 0.5
"""How long hits wait at most before the metrics have them; the metrics' own worker never shows fewer."""
MOST_WAITING = 1000
"""How many hits wait at most."""


class CountHits(Protocol):
    """Counts several hits of one model and one number of images at once."""

    def __call__(self, model: str, images: int, seconds: Sequence[float], received: int, sent: int) -> None:
        """`seconds` has one duration for each hit; `received` and `sent` are the bytes of all bodies together."""
        ...


class HitTally:
    """Hits that the metrics don't have yet. For use by the event loop's thread."""

    def __init__(self, count: CountHits) -> None:
        self._count = count
        self._seconds: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
        self._bytes: defaultdict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
        self._waiting = 0

    def add(self, model: str, images: int, seconds: float, received: int, sent: int) -> None:
        """One hit."""
        group = model, images
        self._seconds[group].append(seconds)
        carried = self._bytes[group]
        carried[0] += received
        carried[1] += sent
        self._waiting += 1
        if self._waiting == 1:
            asyncio.get_running_loop().call_later(SETTLE_SECONDS, self.settle)
        elif self._waiting >= MOST_WAITING:
            self.settle()

    def settle(self) -> None:
        """Let the metrics have all that waits."""
        self._waiting = 0
        for (model, images), seconds in self._seconds.items():
            received, sent = self._bytes[(model, images)]
            self._count(model, images, seconds, received, sent)
        self._seconds.clear()
        self._bytes.clear()
