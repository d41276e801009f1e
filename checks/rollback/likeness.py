"""How many times a measure is what it was before, like compared with like, and how sure that is.

Durations are told apart by the class of the image's size, where the log says it. Those of the baseline are weighted so
that each class has the share that it has now: a change of the mix alone leaves the ratio at one. Classes that were not
in the baseline are left out. Each side has an interval, and the ratio's ends are those of the lower to the upper end:

- a quantile: the values at the ranks n·q ± z·√(n·q·(1 − q)); n is for the weighted baseline the number of equally
  weighted durations that say as much (L. Kish, Survey Sampling, 1965);
- a mean: m·exp(± z·σ / (m·√n)), the delta method on its logarithm;
- a rate: Wilson's; a count k: (√k ± z/2)², as the square root of a Poisson count has the variance 1/4.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from math import exp, inf, sqrt
from typing import NamedTuple

from checks.metrics.histogram import VALUES, Histogram
from checks.metrics.intervals import wilson
from checks.metrics.measures import Count, Formula, Mean, PerSecond, Quantile, Rate
from checks.metrics.windows import Sums, total_of


class Estimate(NamedTuple):
    """A value with the ends of its interval."""

    value: float
    low: float
    high: float

    def over(self, other: Estimate) -> Estimate | None:
        """The ratio; None where the other is not above zero."""
        if not 0 < other.value < inf:
            return None
        return Estimate(
            self.value / other.value, self.low / other.high, self.high / other.low if other.low > 0 else inf
        )


class Stretch(NamedTuple):
    """What happened, by class of size, in so many seconds."""

    groups: Mapping[str, Sums]
    seconds: float


class Likeness(NamedTuple):
    """The ratio of now to before; `compared` is the share of what there is now that had its like before."""

    ratio: Estimate | None
    compared: float


def compare(formula: Formula, before: Stretch, now: Stretch, z: float) -> Likeness:
    """Compare a measure with what it was; the intervals are `z` standard errors to either side."""
    if not isinstance(formula, (Quantile, Mean)):
        was, later = estimate(formula, before, z), estimate(formula, now, z)
        return Likeness(later.over(was) if was and later else None, 1.0)
    was_by, now_by = _histograms(formula, before), _histograms(formula, now)
    alike = {name: histogram for name, histogram in now_by.items() if name in was_by}
    total = sum(histogram.count for histogram in now_by.values())
    if not alike:
        return Likeness(None, 0.0)
    weights = {name: histogram.count / was_by[name].count for name, histogram in alike.items()}
    was = _of_durations(formula, {name: was_by[name] for name in alike}, weights, z)
    later = _of_durations(formula, alike, dict.fromkeys(alike, 1.0), z)
    return Likeness(later.over(was), sum(histogram.count for histogram in alike.values()) / total)


def estimate(formula: Formula, stretch: Stretch, z: float) -> Estimate | None:
    """A measure's value with its interval; None where there is nothing to compute it of."""
    if isinstance(formula, (Quantile, Mean)):
        found = _histograms(formula, stretch)
        return _of_durations(formula, found, dict.fromkeys(found, 1.0), z) if found else None
    total = total_of(stretch.groups.values())
    value = formula.read(total, stretch.seconds).value
    if value is None:
        return None
    if isinstance(formula, Rate):
        interval = wilson(getattr(total, formula.part), getattr(total, formula.whole), z)
        return Estimate(value, *interval) if interval else None
    if isinstance(formula, (Count, PerSecond)):
        count = getattr(total, formula.part)
        low, high = max(0.0, sqrt(count) - z / 2) ** 2, (sqrt(count) + z / 2) ** 2
        return Estimate(count / stretch.seconds, low / stretch.seconds, high / stretch.seconds)
    return None


def _histograms(formula: Quantile | Mean, stretch: Stretch) -> dict[str, Histogram]:
    found = {name: getattr(sums, formula.histogram) for name, sums in stretch.groups.items()}
    return {name: histogram for name, histogram in found.items() if histogram.count}


def _of_durations(
    formula: Quantile | Mean, groups: Mapping[str, Histogram], weights: Mapping[str, float], z: float
) -> Estimate:
    """In milliseconds; each duration of a group weighs what `weights` says of it."""
    counts: dict[int, float] = defaultdict(float)
    for name, histogram in groups.items():
        for bucket, count in histogram.counts.items():
            counts[bucket] += count * weights[name]
    total = sum(counts.values())
    effective = total**2 / sum(weights[name] ** 2 * histogram.count for name, histogram in groups.items())
    if isinstance(formula, Mean):
        mean = sum(histogram.sum_us * weights[name] for name, histogram in groups.items()) / total
        variance = sum(count * (VALUES[bucket] - mean) ** 2 for bucket, count in counts.items()) / total
        spread = z * sqrt(variance / effective) / mean if mean else 0.0
        return Estimate(mean / 1000, mean / 1000 * exp(-spread), mean / 1000 * exp(spread))
    half = z * sqrt(formula.share * (1 - formula.share) / effective)
    value, low, high = (_at(counts, total, formula.share + by) for by in (0.0, -half, half))
    return Estimate(value, low, high)


def _at(counts: Mapping[int, float], total: float, share: float) -> float:
    """The duration in milliseconds that a share of all does not exceed; without end beyond the last."""
    if share <= 0:
        return 0.0
    passed = 0.0
    for bucket in sorted(counts):
        passed += counts[bucket]
        if passed >= share * total * (1 - 1e-12):
            return VALUES[bucket] / 1000
    return inf
