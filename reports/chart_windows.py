"""What can be drawn of the windows that a metric observed; what is no number of its unit is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from checks.metrics.intervals import wilson
from checks.outcome import Result

MOST_POINTS = 500
LARGEST = 1e12
PERCENTILES = ("p50", "p95", "p99")


@dataclass(frozen=True)
class Window:
    """One window: its start, its value, the 95 % interval of a rate, the percentiles of a latency."""

    at: datetime
    value: float | None
    interval: tuple[float, float] | None = None
    percentiles: tuple[float | None, ...] = ()

    @property
    def highest(self) -> float:
        """The highest that is to be drawn; 0 of nothing."""
        return max(each or 0.0 for each in (self.value, *(self.interval or ()), *self.percentiles))


def windows_of(result: Result) -> list[Window]:
    """The windows of a metric with their values, in the order of time."""
    unit = result.observed.get("unit")
    beside = _percentiles(result.observed.get("percentiles"))
    found = []
    for raw in _listed(result.observed.get("windows"))[-MOST_POINTS:]:
        match raw:
            case [str(start), int() | float() | None as value, int(samples)] if (at := _moment(start)) is not None:
                found.append(_window(at, value, samples, unit, beside.get(at, ())))
    return sorted(found, key=lambda window: window.at)


def _window(at: datetime, raw: float | None, samples: int, unit: Any, percentiles: tuple[float | None, ...]) -> Window:
    value = _drawn(raw)
    if unit != "rate":
        return Window(at, value, percentiles=percentiles)
    if value is None or value > 1 or not 0 <= samples < LARGEST:
        return Window(at, None)
    return Window(at, value, wilson(round(value * samples), samples))


def _percentiles(raw: Any) -> Mapping[datetime, tuple[float | None, ...]]:
    found = {}
    for each in _listed(raw)[-MOST_POINTS:]:
        match each:
            case [str(start), low, middle, high] if (at := _moment(start)) is not None:
                found[at] = tuple(_drawn(value) for value in (low, middle, high))
    return found


def _listed(raw: Any) -> Sequence[Any]:
    return raw if isinstance(raw, Sequence) and not isinstance(raw, str) else ()


def _moment(written: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _drawn(value: Any) -> float | None:
    """The value where it is a number that a scale can hold; NaN and what is below zero are none."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < LARGEST:
        return None
    return float(value)
