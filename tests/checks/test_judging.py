"""From what was observed to a status: unknown is never pass."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.judgement import Truncated
from checks.judging import judge, worst
from checks.outcome import Observation, Status
from checks.units import Dimension, Quantity
from tests.checks.odd_kinds import ToldCheck


def status_of(observed: Any, expect: Any, **fields: Any) -> tuple[Status, str]:
    check = ToldCheck.model_validate(
        {"id": "a", "title": "A", "kind": "told", "expect": {"value": expect} if expect is not None else {}, **fields}
    )
    return judge(check, Observation({"value": observed}))


def test_what_the_kind_settled_stands() -> None:
    check = ToldCheck.model_validate({"id": "a", "title": "A", "kind": "told", "expect": {"value": 1}})
    assert judge(check, Observation({"value": 1}, (), Status.FAIL, "refused")) == (Status.FAIL, "refused")


def test_nothing_expected_is_an_error() -> None:
    status, reason = status_of(1, None)
    assert (status, "expect" in reason) == (Status.ERROR, True)


@pytest.mark.parametrize("unknown", [None, math.nan, math.inf, Quantity(math.nan), Quantity(math.inf, Dimension.TIME)])
@pytest.mark.parametrize("expect", [{"at_least": 0}, {"at_most": 9}, {"not_equals": 3}, {"one_of": [1, 2]}, 5])
def test_the_unknown_is_no_data(unknown: Any, expect: Any) -> None:
    assert status_of(unknown, expect)[0] is Status.NO_DATA


@pytest.mark.parametrize("expect", [{"contains": "x"}, {"matches": "^y"}, {"equals": "z"}, {"not_equals": "z"}])
def test_only_a_part_is_never_a_pass(expect: Any) -> None:
    status, reason = status_of(Truncated("the first 9 bytes"), expect)
    assert status is Status.ERROR
    assert "the first 9 bytes" in reason


@pytest.mark.parametrize("expect", [{"above": "5s"}, {"below": "5MB"}, {"contains": 3}])
def test_what_cannot_be_compared_is_an_error(expect: Any) -> None:
    assert status_of(7, expect)[0] is Status.ERROR


def test_a_part_that_is_absent_fails_and_says_so() -> None:
    check = ToldCheck.model_validate({"id": "a", "title": "A", "kind": "told", "expect": {"value.deep": {"above": 1}}})
    assert judge(check, Observation({"value": {"other": 1}})) == (
        Status.FAIL,
        "value.deep: absent; expected above 1",
    )


def test_a_part_may_be_expected_to_be_absent() -> None:
    raw = {"id": "a", "title": "A", "kind": "told", "expect": {"value.deep": {"exists": False}}}
    check = ToldCheck.model_validate(raw)
    assert judge(check, Observation({"value": {"other": 1}}))[0] is Status.PASS
    assert judge(check, Observation({"value": {"deep": 1}}))[0] is Status.FAIL


def test_every_expectation_counts_and_all_that_miss_are_named() -> None:
    raw = {"id": "a", "title": "A", "kind": "told", "expect": {"value": 2, "rate": {"above": "50%"}, "value.x": 1}}
    seen = Observation({"value": 1, "rate": Quantity(0.1, Dimension.RATIO)})
    status, reason = judge(ToldCheck.model_validate(raw), seen)
    assert status is Status.FAIL
    assert "value: " in reason
    assert "rate: " in reason


def test_a_preference_that_is_missed_warns() -> None:
    assert status_of(2, {"at_least": 1}, prefer={"value": {"at_least": 5}})[0] is Status.WARN
    assert status_of(6, {"at_least": 1}, prefer={"value": {"at_least": 5}})[0] is Status.PASS
    assert status_of(0, {"at_least": 1}, prefer={"value": {"at_least": 0}})[0] is Status.FAIL
    assert status_of(2, {"at_least": 1}, prefer={"rate": {"at_least": 0}})[0] is Status.WARN


@given(st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(0, 500))
def test_a_stricter_threshold_never_turns_a_failure_into_a_pass(value: int, threshold: int, stricter: int) -> None:
    for name, sign in (("at_least", 1), ("above", 1), ("at_most", -1), ("below", -1)):
        loose, _ = status_of(value, {name: threshold})
        strict, _ = status_of(value, {name: threshold + sign * stricter})
        assert not (loose is Status.FAIL and strict is Status.PASS)


@given(st.lists(st.sampled_from([s for s in Status if s.value in "pass warn fail no_data error"]), min_size=1))
def test_worst_does_not_depend_on_order_and_more_never_makes_it_better(statuses: list[Status]) -> None:
    order = [Status.PASS, Status.WARN, Status.NO_DATA, Status.ERROR, Status.FAIL]
    assert worst(statuses) is worst(statuses[::-1]) is max(statuses, key=order.index)
