"""The rows of the window table: sums that add up, whatever was added first and wherever it was counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from checks.metrics.histogram import Histogram

_Key = TypeVar("_Key")


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    total = dict(one)
    for name, count in other.items():
        total[name] = total.get(name, 0) + count
    return total


class WindowKey(NamedTuple):
    """Which window, and whose requests are in it.

    `start` is in seconds since 1970 UTC, a multiple of the window's length. Empty text, and None for `synthetic`,
    mean that the log doesn't say. `group` is the value of the field that the requests were told apart by, if any.
    """

    start: int
    version: str = ""
    build: str = ""
    instance: str = ""
    synthetic: bool | None = None
    group: str = ""


@dataclass(frozen=True)
class Sums:
    """What happened in a window; addition is associative and commutative, and `Sums()` is its zero.

    requests: all of them. hits, misses: lookups that were answered, as logged. begun: lookups of which the log says
    that they began, where it may not say how they ended. bypassed: no lookup was made. cache_errors: the cache failed.
    errors: failed for a reason on our side. blocked: refused by the safety filter. client_errors: other 4xx. partial:
    answered with fewer images than asked for. errors_by_type, errors_by_status: parts of `errors`. synthetic: labelled
    so. all, hit, generated: durations of the whole request, of every one, of hits, and of those that went upstream.
    """

    requests: int = 0
    hits: int = 0
    misses: int = 0
    begun: int = 0
    bypassed: int = 0
    cache_errors: int = 0
    errors: int = 0
    client_errors: int = 0
    blocked: int = 0
    partial: int = 0
    synthetic: int = 0
    errors_by_type: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    errors_by_status: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    all: Histogram = field(default_factory=Histogram)
    hit: Histogram = field(default_factory=Histogram)
    generated: Histogram = field(default_factory=Histogram)

    @property
    def lookups(self) -> int:
        """Lookups in the cache: hits and misses, and more where more are known to have begun."""
        return max(self.hits + self.misses, self.begun)

    @property
    def missed(self) -> int:
        """Lookups that were no hit, whether the log says so or not."""
        return self.lookups - self.hits

    @property
    def cache_wanted(self) -> int:
        """Requests that turned to the cache, whether it answered or failed."""
        return self.lookups + self.cache_errors

    @property
    def exhausted(self) -> int:
        """Failures because every account's quota was used up: of all 429 only these count as failed."""
        return self.errors_by_status.get("429", 0)

    @property
    def succeeded(self) -> int:
        """Requests that were neither failed, nor refused, nor the client's own error."""
        return self.requests - self.errors - self.blocked - self.client_errors

    def __add__(self, other: Sums) -> Sums:
        added: dict[str, Any] = {}
        for part in fields(self):
            mine, theirs = getattr(self, part.name), getattr(other, part.name)
            added[part.name] = _added(mine, theirs) if part.name.startswith("errors_by_") else mine + theirs
        return Sums(**added)


def total_of(parts: Iterable[Sums]) -> Sums:
    """Add up many at once; the same as adding them one by one, but each histogram is copied once."""
    found = list(parts)
    total: dict[str, Any] = {}
    for part in fields(Sums):
        values = [getattr(sums, part.name) for sums in found]
        if part.name.startswith("errors_by_"):
            total[part.name] = dict(_counted(values))
        elif part.type == "Histogram":
            counts = dict(_counted([histogram.counts for histogram in values]))
            longest = max((histogram.max_us for histogram in values), default=0)
            total[part.name] = Histogram(counts, sum(histogram.sum_us for histogram in values), longest)
        else:
            total[part.name] = sum(values)
    return Sums(**total)


def _counted(parts: Iterable[Mapping[_Key, int]]) -> Counter[_Key]:
    total: Counter[_Key] = Counter()
    for part in parts:
        total.update(part)
    return total
