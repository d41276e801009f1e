"""A window table along the time: a measure over any stretch of it, quickly, as a backtest asks for thousands."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cached_property
from itertools import accumulate

from checks.metrics.intervals import wilson
from checks.metrics.measures import MEASURES, Rate, Reading
from checks.metrics.table import WindowTable
from checks.metrics.windows import Sums
from checks.rollback.decision import PARTS, Count

REMEMBERED = 64
"""How many merged stretches are kept; neighbouring rounds of a backtest ask for the same ones."""


class Timeline:
    """The windows of a table in order of time; a window belongs to the stretch that its start lies in."""

    def __init__(self, table: WindowTable) -> None:
        self.table = table
        self._starts = list(table.by_window)
        self._sums = list(table.by_window.values())
        self._totals: dict[str, list[int]] = {}
        self._merged: dict[tuple[int, int], Sums] = {}
        self._order: deque[tuple[int, int]] = deque()

    @cached_property
    def first(self) -> datetime | None:
        """When the first window starts, or None of an empty table."""
        span = self.table.slice().span
        return span[0] if span and self._starts else None

    def count(self, formula: Rate, since: datetime, until: datetime) -> Count:
        """What a rate is made of from `since` (inclusive) to `until` (exclusive)."""
        low, high = self._places(since, until)
        return Count(self._between(formula.part, low, high), self._between(formula.whole, low, high))

    def reading(self, measure: str, since: datetime, until: datetime) -> Reading:
        """A measure over a stretch; raises KeyError for an unknown name."""
        formula = MEASURES[measure].formula
        if isinstance(formula, Rate):
            part, whole = self.count(formula, since, until)
            return Reading(part / whole if whole else None, whole, wilson(part, whole))
        return formula.read(self._sum(*self._places(since, until)), (until - since).total_seconds())

    def groups(self, since: datetime, until: datetime) -> dict[str, Sums]:
        """What happened in a stretch, by the field that requests were told apart by."""
        return {name: line._sum(*line._places(since, until)) for name, line in self._lines.items()}

    @cached_property
    def _lines(self) -> dict[str, Timeline]:
        groups = self.table.groups
        return {name: Timeline(table) for name, table in groups.items()} if len(groups) > 1 else {"": self}

    def floor(self, moment: datetime) -> datetime:
        """The end of the last window that is complete at `moment`."""
        return moment - timedelta(seconds=moment.timestamp() % self.table.window_s)

    def _places(self, since: datetime, until: datetime) -> tuple[int, int]:
        return bisect_left(self._starts, since.timestamp()), bisect_left(self._starts, until.timestamp())

    def _between(self, name: str, low: int, high: int) -> int:
        if name not in self._totals:
            self._totals[name] = list(accumulate((getattr(sums, name) for sums in self._sums), initial=0))
        return self._totals[name][high] - self._totals[name][low]

    def _sum(self, low: int, high: int) -> Sums:
        if (low, high) not in self._merged:
            self._merged[low, high] = sum(self._sums[low:high], Sums())
            self._order.append((low, high))
            if len(self._order) > REMEMBERED:
                del self._merged[self._order.popleft()]
        return self._merged[low, high]


def parts_before(until: datetime, span_s: float, spans: int) -> Iterable[tuple[datetime, datetime]]:
    """The parts of the `spans` spans of `span_s` seconds that end at `until`, oldest first."""
    step = timedelta(seconds=span_s / PARTS)
    for place in range(PARTS * spans, 0, -1):
        yield until - step * place, until - step * (place - 1)
