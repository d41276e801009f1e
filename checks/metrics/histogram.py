"""Latency histograms whose buckets are one table of integer edges, so that they add up wherever they were made."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from math import ceil
from types import MappingProxyType

GAMMA_PERCENT = 102
"""Growth of a bucket over the one before, in percent: γ = 1.02 (design, section 5)."""

LONGEST_US = 10**13
"""The longest duration that is believed, in microseconds (about 116 days); a longer one is a broken record."""


def _edges() -> tuple[int, ...]:
    edges = [0, 1]
    while edges[-1] <= LONGEST_US:
        edges.append(max(edges[-1] + 1, edges[-1] * GAMMA_PERCENT // 100))
    return tuple(edges)


EDGES = _edges()
"""Bucket b holds the integers from EDGES[b] up to, not including, EDGES[b + 1]."""

VALUES = tuple(2 * low * (high - 1) / (low + high - 1) if low else 0.0 for low, high in pairwise(EDGES))
"""The value that stands for a bucket: the harmonic middle, whose relative error is the same at both ends."""


def bucket_of(duration_us: int) -> int:
    """Return the bucket of a duration in microseconds, 0 to LONGEST_US.

    Raises ValueError outside that range.
    """
    if not 0 <= duration_us <= LONGEST_US:
        raise ValueError(f"a duration of {duration_us} µs is outside 0 to {LONGEST_US}")
    return bisect_right(EDGES, duration_us) - 1


@dataclass(frozen=True)
class Histogram:
    """Durations in integer microseconds: counts by bucket, their exact sum and their exact largest value.

    Addition is associative and commutative, and `Histogram()` is its zero.
    """

    counts: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    sum_us: int = 0
    max_us: int = 0

    @classmethod
    def of(cls, *durations_us: int) -> Histogram:
        """Make the histogram of single durations."""
        counts: dict[int, int] = {}
        for duration in durations_us:
            bucket = bucket_of(duration)
            counts[bucket] = counts.get(bucket, 0) + 1
        return cls(counts, sum(durations_us), max(durations_us, default=0))

    @property
    def count(self) -> int:
        """How many durations are inside."""
        return sum(self.counts.values())

    def __add__(self, other: Histogram) -> Histogram:
        counts = dict(self.counts)
        for bucket, count in other.counts.items():
            counts[bucket] = counts.get(bucket, 0) + count
        return Histogram(counts, self.sum_us + other.sum_us, max(self.max_us, other.max_us))

    def mean_us(self) -> float | None:
        """The exact mean in microseconds, or None of nothing."""
        count = self.count
        return self.sum_us / count if count else None

    def variance_us(self) -> float:
        """The variance in square microseconds, each duration standing for its bucket's value; 0 of fewer than two."""
        count = self.count
        if count < 2:
            return 0.0
        mean = sum(VALUES[bucket] * times for bucket, times in self.counts.items()) / count
        return sum(times * (VALUES[bucket] - mean) ** 2 for bucket, times in self.counts.items()) / (count - 1)

    def quantile_us(self, share: float) -> float | None:
        """The nearest-rank quantile in microseconds, within 1 % of the exact one, or None of nothing.

        `share` is above 0 and at most 1; raises ValueError otherwise.
        """
        if not 0 < share <= 1:
            raise ValueError(f"a quantile's share is above 0 and at most 1, not {share}")
        count = self.count
        if not count:
            return None
        rank = max(1, ceil(share * count))
        if rank == count:
            return float(self.max_us)
        buckets = sorted(self.counts)
        last_ranks = list(accumulate(self.counts[bucket] for bucket in buckets))
        return min(VALUES[buckets[bisect_left(last_ranks, rank)]], float(self.max_us))
