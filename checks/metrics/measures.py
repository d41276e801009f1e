"""Every measure, defined once: its name, its unit, and how it follows from the sums of a window table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from checks.metrics.histogram import Histogram
from checks.metrics.intervals import wilson
from checks.metrics.windows import Sums

Unit = Literal["rate", "count", "duration_ms", "per_second"]
"""rate: a fraction from 0 to 1. duration_ms: milliseconds. per_second: per second of the span that was read."""


class Reading(NamedTuple):
    """A measure's value over some sums: None where unknown, with what it rests on."""

    value: float | None
    samples: int
    interval: tuple[float, float] | None = None


class Formula(Protocol):
    """How a measure follows from sums over a span of `seconds`."""

    @property
    def unit(self) -> Unit:
        """The unit of the result."""

    def read(self, sums: Sums, seconds: float) -> Reading:
        """Compute the measure; the value is None where there is nothing to compute it of."""


@dataclass(frozen=True)
class Rate:
    """The share of `part` in `whole`, both names of sums, with Wilson's interval."""

    part: str
    whole: str
    unit: Unit = "rate"

    def read(self, sums: Sums, seconds: float) -> Reading:
        """Divide; None of an empty whole."""
        part, whole = getattr(sums, self.part), getattr(sums, self.whole)
        return Reading(part / whole if whole else None, whole, wilson(part, whole))


@dataclass(frozen=True)
class Count:
    """How many of `part` there were; None where there was no request at all."""

    part: str
    unit: Unit = "count"

    def read(self, sums: Sums, seconds: float) -> Reading:
        """Take the sum as it stands."""
        return Reading(getattr(sums, self.part) if sums.requests else None, sums.requests)


@dataclass(frozen=True)
class PerSecond:
    """How many of `part` there were a second."""

    part: str
    unit: Unit = "per_second"

    def read(self, sums: Sums, seconds: float) -> Reading:
        """Divide by the span; None where there was no request or no span."""
        known = sums.requests and seconds > 0
        return Reading(getattr(sums, self.part) / seconds if known else None, sums.requests)


@dataclass(frozen=True)
class Quantile:
    """The nearest-rank quantile of a histogram's durations, within 1 %."""

    histogram: str
    share: float
    unit: Unit = "duration_ms"

    def read(self, sums: Sums, seconds: float) -> Reading:
        """Find it; None of no durations."""
        histogram: Histogram = getattr(sums, self.histogram)
        return Reading(_milliseconds(histogram.quantile_us(self.share)), histogram.count)


@dataclass(frozen=True)
class Mean:
    """The exact mean of a histogram's durations."""

    histogram: str
    unit: Unit = "duration_ms"

    def read(self, sums: Sums, seconds: float) -> Reading:
        """Divide; None of no durations."""
        histogram: Histogram = getattr(sums, self.histogram)
        return Reading(_milliseconds(histogram.mean_us()), histogram.count)


def _milliseconds(microseconds: float | None) -> float | None:
    return None if microseconds is None else microseconds / 1000


@dataclass(frozen=True)
class Measure:
    """A measure by name; `meaning` is one line for people."""

    name: str
    meaning: str
    formula: Formula

    @property
    def unit(self) -> Unit:
        """The unit of its value."""
        return self.formula.unit


def _latencies() -> list[Measure]:
    whose = {
        "latency": ("all", "all requests"),
        "latency.hit": ("hit", "cache hits"),
        "latency.generated": ("generated", "requests that went upstream"),
    }
    found = []
    for name, (histogram, words) in whose.items():
        for percent in (50, 95, 99):
            meaning = f"{percent} % of {words} took no longer"
            found.append(Measure(f"{name}.p{percent}", meaning, Quantile(histogram, percent / 100)))
        found.append(Measure(f"{name}.mean", f"mean duration of {words}", Mean(histogram)))
    return found


MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in [
        Measure("cache.hit_rate", "hits of the lookups that were answered", Rate("hits", "lookups")),
        Measure(
            "cache.failure_rate", "cache failures, of requests that turned to it", Rate("cache_errors", "cache_wanted")
        ),
        Measure("errors.rate", "requests that failed on our side, of all", Rate("errors", "requests")),
        Measure(
            "errors.exhausted_rate",
            "requests that failed as every account was exhausted",
            Rate("exhausted", "requests"),
        ),
        Measure("errors.count", "requests that failed on our side", Count("errors")),
        Measure("safety.block_rate", "requests that the safety filter refused, of all", Rate("blocked", "requests")),
        Measure("success.rate", "requests that succeeded, of all", Rate("succeeded", "requests")),
        Measure("success.partial_rate", "successes with fewer images than asked for", Rate("partial", "succeeded")),
        Measure("requests.count", "requests", Count("requests")),
        Measure("requests.rate", "requests a second", PerSecond("requests")),
        *_latencies(),
    ]
}
"""Every measure by its name. `errors.by_type` and the like are no single number: see `checks.metrics.summary`."""


class WindowReading(NamedTuple):
    """A measure's value in one window."""

    start: datetime
    value: float | None
    samples: int


@dataclass(frozen=True)
class MeasureValue:
    """A measure's value over a window table.

    `value` is None where it is unknown, and then `reason_if_unknown` says why. `ci` is the 95 % interval of a rate.
    `samples` is what the value rests on: the whole of a rate, the durations of a latency, else the requests.
    `synthetic_share` is the share of synthetic requests in the table, None of no requests.
    """

    name: str
    unit: Unit
    value: float | None
    ci: tuple[float, float] | None
    samples: int
    reason_if_unknown: str | None
    synthetic_share: float | None
    windows: tuple[WindowReading, ...]
