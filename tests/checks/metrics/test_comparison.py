"""Ratios to a baseline: their intervals hold the truth about as often as they say, and unknown stays unknown."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest

from checks.metrics.comparison import Comparison, compare
from checks.metrics.coverage import Coverage
from checks.metrics.histogram import Histogram
from checks.metrics.table import WindowTable
from checks.metrics.windows import Sums, WindowKey

START = int(datetime(2026, 1, 11, 10, tzinfo=UTC).timestamp())


def table(durations: list[int], errors: int = 0) -> WindowTable:
    sums = Sums(requests=len(durations), hits=len(durations), errors=errors, all=Histogram.of(*durations))
    return WindowTable(60, {WindowKey(START): sums}, Coverage(parsed=len(durations)))


def compared(here: WindowTable, there: WindowTable) -> dict[str, Comparison]:
    return {each.name: each for each in compare(here, there)}


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("latency.p50", 1.4, 1.6), ("latency.p95", 1.3, 1.7), ("latency.mean", 1.4, 1.6), ("errors.rate", 1.5, 2.6)],
)
def test_the_interval_holds_the_true_ratio(name: str, low: float, high: float) -> None:
    random = Random(7)
    held = 0
    for _ in range(60):
        slow = [int(1.5 * random.lognormvariate(12, 0.5)) for _ in range(2000)]
        fast = [int(random.lognormvariate(12, 0.5)) for _ in range(2000)]
        errors = [sum(random.random() < rate for _ in range(2000)) for rate in (0.1, 0.05)]
        found = compared(table(slow, errors[0]), table(fast, errors[1]))[name]
        assert found.ratio is not None
        assert found.ratio_ci is not None
        assert low < found.ratio < high
        assert found.ratio_ci[0] <= found.ratio <= found.ratio_ci[1]
        held += found.ratio_ci[0] <= (2 if name == "errors.rate" else 1.5) <= found.ratio_ci[1]
    assert held >= 52


def test_a_difference_of_rates_has_an_interval_although_a_rate_is_zero() -> None:
    found = compared(table([1000] * 100, 10), table([1000] * 100, 0))["errors.rate"]
    assert (found.ratio, found.ratio_ci, found.reason) == (None, None, "the baseline is zero")
    assert found.difference == pytest.approx(0.1)
    assert found.difference_ci is not None
    assert 0.03 < found.difference_ci[0] < 0.1 < found.difference_ci[1] < 0.2


def test_what_is_unknown_on_either_side_is_not_compared() -> None:
    known, unknown = table([1000] * 5), WindowTable(60)
    here = compared(known, unknown)["errors.rate"]
    assert (here.value, here.baseline, here.ratio) == (0, None, None)
    assert here.reason == "the baseline: no request in what was read"
    assert compared(unknown, known)["errors.rate"].reason == "no request in what was read"


def test_too_few_durations_give_a_ratio_without_an_interval() -> None:
    found = compared(table([1000, 2000]), table([1000, 1000]))
    assert found["latency.p99"].ratio == pytest.approx(2, rel=0.02)
    assert found["latency.p99"].ratio_ci is None
    assert "requests.count" not in found
