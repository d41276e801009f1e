from __future__ import annotations

import math
from typing import Any

import pytest

from checks.judgement import Truncated
from checks.step_comparison import Comparison
from checks.units import Dimension, Quantity

SECOND = Quantity(1.0, Dimension.TIME)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a", "a", True),
        ("a", "b", False),
        (None, None, None),
        (math.nan, math.nan, None),
        (Truncated("9 bytes of many"), Truncated("9 bytes of many"), None),
        ({"deep": [Truncated("a part")]}, {"deep": [Truncated("a part")]}, None),
    ],
)
def test_two_sides_are_the_same_only_where_both_are_known_whole(one: Any, other: Any, same: bool | None) -> None:
    assert Comparison(same=("a.body", "b.body")).of({"a": {"body": one}, "b": {"body": other}}) is same


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        (Quantity(4.0, Dimension.TIME), SECOND, 4.0),
        (SECOND, Quantity(0.0, Dimension.TIME), None),
        (SECOND, Quantity(math.inf, Dimension.TIME), None),
        (True, 2, None),
        ("4", 2, None),
        (3, 2, 1.5),
    ],
)
def test_a_ratio_is_of_two_finite_numbers(one: Any, other: Any, ratio: float | None) -> None:
    assert Comparison(ratio=("a.latency", "b.latency")).of({"a": {"latency": one}, "b": {"latency": other}}) == ratio


def test_a_part_that_is_not_there_leaves_it_unknown() -> None:
    whole = {"a": {"headers": {"etag": "x"}}, "b": {"headers": {}}}
    assert Comparison(same=("a.headers.etag", "b.headers.etag")).of(whole) is None
