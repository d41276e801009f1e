"""The direction of a series."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.trend import direction


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ([1, 2, 3, 4], "rising"),
        ([4, 3, 2, 1], "falling"),
        ([1, 2, 4, 3], "flat"),
        ([5, 5, 5, 5, 5, 5], "flat"),
        ([0.1, 0.3, 0.2, 0.4, 0.5, 0.7, 0.6, 0.8], "rising"),
        ([9, *range(600)], "rising"),
    ],
)
def test_direction(series: list[float], expected: str) -> None:
    assert direction(series) == expected


def test_too_few_values_have_none() -> None:
    with pytest.raises(ValueError, match="at least 4 values, and there are 3"):
        direction([1, 2, 3])


@pytest.mark.parametrize("count", [4, 5, 6, 7])
def test_chance_rises_at_most_once_in_twenty(count: int) -> None:
    orders = list(itertools.permutations(range(count)))
    rising = sum(direction(order) == "rising" for order in orders)
    assert 0 < rising <= len(orders) / 20


@given(st.lists(st.integers(-100, 100), min_size=4, max_size=30))
def test_reversed_in_time_the_direction_is_reversed(series: list[float]) -> None:
    opposite = {"rising": "falling", "falling": "rising", "flat": "flat"}
    assert direction(series[::-1]) == opposite[direction(series)]
