"""Histograms: one table of edges, quantiles within 1 %, sums that add up in any order."""

from __future__ import annotations

from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.metrics.histogram import EDGES, LONGEST_US, Histogram, bucket_of

durations = st.lists(st.one_of(st.integers(0, 200), st.integers(0, LONGEST_US)), max_size=60)


def test_edges_grow_by_two_percent_or_by_one() -> None:
    assert EDGES[0] == 0
    assert EDGES[-1] > LONGEST_US
    assert all(high == low + 1 or high / low <= 1.02 for low, high in pairwise(EDGES))


@given(st.integers(0, LONGEST_US))
def test_a_duration_is_between_the_edges_of_its_bucket(duration: int) -> None:
    bucket = bucket_of(duration)
    assert EDGES[bucket] <= duration < EDGES[bucket + 1]


@pytest.mark.parametrize("duration", [-1, LONGEST_US + 1])
def test_an_impossible_duration_is_refused(duration: int) -> None:
    with pytest.raises(ValueError, match="outside 0 to"):
        bucket_of(duration)


@given(durations.filter(bool), st.floats(0.001, 1))
def test_a_quantile_is_within_one_percent_of_the_nearest_rank(values: list[int], share: float) -> None:
    exact = sorted(values)[max(1, ceil(share * len(values))) - 1]
    assert Histogram.of(*values).quantile_us(share) == pytest.approx(exact, rel=0.01)


@given(durations, durations, durations)
def test_addition_is_associative_and_commutative_with_a_zero(one: list[int], two: list[int], three: list[int]) -> None:
    a, b, c = Histogram.of(*one), Histogram.of(*two), Histogram.of(*three)
    assert (a + b) + c == a + (b + c) == Histogram.of(*one, *two, *three)
    assert a + b == b + a
    assert a + Histogram() == a


@given(durations.filter(bool))
def test_count_mean_and_largest_are_exact(values: list[int]) -> None:
    histogram = Histogram.of(*values)
    assert histogram.count == len(values)
    assert histogram.mean_us() == sum(values) / len(values)
    assert histogram.quantile_us(1) == max(values)


def test_nothing_has_no_quantile_and_no_mean() -> None:
    assert Histogram().quantile_us(0.5) is None
    assert Histogram().mean_us() is None


@pytest.mark.parametrize("share", [0, -0.1, 1.1, float("nan")])
def test_a_share_outside_its_range_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="a quantile's share"):
        Histogram.of(1).quantile_us(share)
