"""How one window table differs from a baseline: ratios of rates and latencies, each with its 95 % interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, log, sqrt

from checks.metrics.histogram import Histogram
from checks.metrics.intervals import Z_95, wilson
from checks.metrics.measures import MEASURES, Mean, PerSecond, Quantile, Rate, Unit
from checks.metrics.table import WindowTable

Interval = tuple[float, float]


@dataclass(frozen=True)
class Comparison:
    """A measure here and in the baseline.

    `ratio` is value / baseline, and `difference` of a rate is value - baseline, as fractions; each with its 95 %
    interval. What can't be said is None, and then `reason` says why.
    """

    name: str
    unit: Unit
    value: float | None
    baseline: float | None
    ratio: float | None = None
    ratio_ci: Interval | None = None
    difference: float | None = None
    difference_ci: Interval | None = None
    reason: str | None = None


def compare(table: WindowTable, baseline: WindowTable) -> tuple[Comparison, ...]:
    """Compare all rates, latencies and requests a second; counts of spans of any length would compare nothing."""
    return tuple(_compared(table, baseline))


def _compared(table: WindowTable, baseline: WindowTable) -> Iterator[Comparison]:
    for name, measure in MEASURES.items():
        formula = measure.formula
        here, there = table.measure(name), baseline.measure(name)
        if not isinstance(formula, Rate | Quantile | Mean | PerSecond):
            continue
        if here.value is None or there.value is None:
            unknown = here.reason_if_unknown or f"the baseline: {there.reason_if_unknown}"
            yield Comparison(name, measure.unit, here.value, there.value, reason=unknown)
            continue
        ratio = here.value / there.value if there.value else None
        reason = None if there.value else "the baseline is zero"
        if isinstance(formula, Rate):
            counts = [
                (getattr(each.total, formula.part), getattr(each.total, formula.whole)) for each in (table, baseline)
            ]
            yield Comparison(
                name,
                measure.unit,
                here.value,
                there.value,
                ratio,
                _risk_ratio(*counts[0], *counts[1]),
                here.value - there.value,
                _risk_difference(*counts[0], *counts[1]),
                reason,
            )
        elif isinstance(formula, PerSecond):
            yield Comparison(name, measure.unit, here.value, there.value, ratio, reason=reason)
        else:
            spread = _quantile_spread if isinstance(formula, Quantile) else _mean_spread
            share = formula.share if isinstance(formula, Quantile) else 0.0
            spreads = [spread(getattr(each.total, formula.histogram), share) for each in (table, baseline)]
            yield Comparison(
                name, measure.unit, here.value, there.value, ratio, _log_interval(ratio, spreads), reason=reason
            )


def _risk_ratio(part: int, whole: int, base_part: int, base_whole: int) -> Interval | None:
    """Give the interval of a ratio of rates; None where either count is zero.

    Source: D. Katz and others, Biometrics 34 (1978), the interval on the logarithm.
    """
    if not part or not base_part:
        return None
    spread = sqrt(1 / part - 1 / whole + 1 / base_part - 1 / base_whole)
    ratio = part / whole / (base_part / base_whole)
    return ratio * exp(-Z_95 * spread), ratio * exp(Z_95 * spread)


def _risk_difference(part: int, whole: int, base_part: int, base_whole: int) -> Interval | None:
    """Give the interval of a difference of rates.

    Source: R. G. Newcombe, Statistics in Medicine 17 (1998), method 10, of Wilson's intervals.
    """
    here, there = wilson(part, whole), wilson(base_part, base_whole)
    if here is None or there is None:
        return None
    rate, base = part / whole, base_part / base_whole
    down = sqrt((rate - here[0]) ** 2 + (there[1] - base) ** 2)
    up = sqrt((here[1] - rate) ** 2 + (base - there[0]) ** 2)
    return rate - base - down, rate - base + up


def _quantile_spread(histogram: Histogram, share: float) -> Interval | None:
    """Give how far a quantile's logarithm may be below and above, by the binomial ranks around it."""
    count = histogram.count
    margin = Z_95 * sqrt(share * (1 - share) / count)
    if not (1 / count <= share - margin and share + margin <= 1):
        return None
    low, middle, high = (histogram.quantile_us(each) for each in (share - margin, share, share + margin))
    if not low or not middle or not high:
        return None
    return log(middle / low), log(high / middle)


def _mean_spread(histogram: Histogram, _: float) -> Interval | None:
    """Give how far the mean's logarithm may be off, by the standard error of the mean."""
    count, mean = histogram.count, histogram.mean_us()
    if count < 2 or not mean:
        return None
    error = sqrt(histogram.variance_us() / count)
    return Z_95 * error / mean, Z_95 * error / mean


def _log_interval(ratio: float | None, spreads: list[Interval | None]) -> Interval | None:
    """Give a ratio's interval of the spreads of its two parts, added as squares: they are independent."""
    here, there = spreads
    if ratio is None or here is None or there is None:
        return None
    return ratio * exp(-sqrt(here[0] ** 2 + there[1] ** 2)), ratio * exp(sqrt(here[1] ** 2 + there[0] ** 2))
