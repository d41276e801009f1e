"""Hits are so quick that counting each in every metric would take a fifth of their time: they are counted in bulk."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

SETTLE_SECONDS = 0.5
"""How long hits wait at most before the metrics have them; the metrics' own worker never shows fewer."""
MOST_WAITING = 1000
"""How many hits wait at most."""


class CountHits(Protocol):
    """Counts several hits of one model, one image size and one number of images at once."""

    def __call__(
        self, model: str, image_size: str | None, images: int, seconds: Sequence[float], received: int, sent: int
    ) -> None:
        """`seconds` has one duration for each hit; `received` and `sent` are the bytes of all bodies together."""
        ...


@dataclass(slots=True)
class _Group:
    """Hits of one model, one image size and one number of images: how long each took, and the bytes of all together."""

    seconds: list[float] = field(default_factory=list)
    received: int = 0
    sent: int = 0


class HitTally:
    """Hits that the metrics don't have yet. For use by the event loop's thread."""

    def __init__(self, count: CountHits) -> None:
        self._count = count
        self._groups: defaultdict[tuple[str, str | None, int], _Group] = defaultdict(_Group)
        self._waiting = 0

    def add(self, model: str, image_size: str | None, images: int, seconds: float, received: int, sent: int) -> None:
        """One hit."""
        group = self._groups[model, image_size, images]
        group.seconds.append(seconds)
        group.received += received
        group.sent += sent
        self._waiting += 1
        if self._waiting == 1:
            asyncio.get_running_loop().call_later(SETTLE_SECONDS, self.settle)
        elif self._waiting >= MOST_WAITING:
            self.settle()

    def settle(self) -> None:
        """Let the metrics have all that waits."""
        self._waiting = 0
        for (model, image_size, images), group in self._groups.items():
            self._count(model, image_size, images, group.seconds, group.received, group.sent)
        self._groups.clear()
