"""Expectations: what a file may say, and what is judged of it. Whatever is unknown never holds."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.expectation import Dimension, Expectation, Quantity, Truncated, UnitMismatch, expectations


def ratio(value: float) -> Quantity:
    return Quantity(value, Dimension.RATIO)


def seconds(value: float) -> Quantity:
    return Quantity(value, Dimension.TIME)


def deeply_nested() -> list[Any]:
    nested: list[Any] = []
    for _ in range(5000):
        nested = [nested]
    return nested


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (0, "equals 0"),
        ("stable", "equals 'stable'"),
        ("30%", "equals 30 %"),
        ([1, "a"], "equals [1, 'a']"),
        ({"equals": {"a": 1}}, "equals {'a': 1}"),
        ({"not_equals": 5}, "does not equal 5"),
        ({"above": "5s"}, "above 5 s"),
        ({"at_least": "30%"}, "at least 30 %"),
        ({"below": "500MB"}, "below 500 MB"),
        ({"at_most": "7"}, "at most 7"),
        ({"between": ["50MB", "1000MB"]}, "between 50 MB and 1000 MB"),
        ({"one_of": ["a", 5]}, "one of 'a', 5"),
        ({"contains": "x"}, "contains 'x'"),
        ({"contains": ["x", "y"]}, "contains 'x' and 'y'"),
        ({"matches": "^v[0-9]+"}, "matches ^v[0-9]+"),
        ({"exists": True}, "exists"),
        ({"exists": False}, "does not exist"),
        ({"trend": "rising"}, "rising"),
        ({"above": 0, "below": 9}, "above 0 and below 9"),
    ],
)
def test_says_itself_in_words(raw: object, words: str) -> None:
    assert str(Expectation.parse(raw)) == words


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({}, "expects nothing"),
        (None, "no value is given; for something that must be absent write exists: false"),
        ({"equals": None}, "equals: no value is given"),
        ({"at_lest": 3}, "there is no comparator 'at_lest'; did you mean at_least"),
        ({5: 3}, "there is no comparator 5; allowed are equals, not_equals,"),
        ({"at_least": "5 parsecs"}, "at_least: '5 parsecs' has no unit that is known"),
        ({"at_least": None}, "at_least: None is not a number"),
        ({"at_least": True}, "at_least: True is not a number"),
        ({"at_most": "-5%"}, "at_most: '-5%' is negative"),
        ({"between": [2, 1]}, "between: the ends are reversed: 2 is more than 1"),
        ({"between": [1]}, "between: needs a list of two values"),
        ({"between": ["1s", "30%"]}, "between: 1 s is a time, 30 % is a ratio"),
        ({"one_of": []}, "one_of: needs a list of at least one value"),
        ({"one_of": "a"}, "one_of: needs a list of at least one value"),
        ({"one_of": [None]}, "one_of: no value is given"),
        ({"contains": []}, "contains: an empty list asks for nothing"),
        ({"matches": "("}, r"matches: the regular expression '\(' cannot be compiled \(RE2 syntax\): missing \)"),
        ({"matches": "(?=a)"}, "cannot be compiled"),
        ({"matches": 5}, "matches: needs a regular expression in quotes, not 5"),
        ({"exists": None}, "exists: needs true or false"),
        ({"exists": 1}, "exists: needs true or false"),
        ({"trend": "up"}, "trend: needs rising or falling, not 'up'"),
        ({"equals": math.nan}, "equals: a number to compare with has to be finite"),
        ({"equals": [math.inf]}, "equals: a number to compare with has to be finite"),
        ({"at_least": "5s", "at_most": "30%"}, "30 % is a ratio, 5 s is a time"),
    ],
)
def test_refuses_what_cannot_be_expected(raw: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Expectation.parse(raw)


def test_shows_every_fault_of_a_mapping() -> None:
    with pytest.raises(ValueError, match=r"at_lest.*; between: the ends are reversed") as caught:
        Expectation.parse({"at_lest": 1, "between": [2, 1]})
    assert not isinstance(caught.value, UnitMismatch)


@pytest.mark.parametrize(
    ("raw", "observed", "holds"),
    [
        (5, 5, True),
        (5, 5.0, True),
        (5, 6, False),
        (5, "5", False),
        ("5", 5, False),
        (1, True, False),
        (True, 1, False),
        (True, True, True),
        ("a", "a", True),
        ("30%", ratio(0.3), True),
        ("30%", "30%", True),
        ("7200s", seconds(7200.0), True),
        ([1, {"a": True}], [1.0, {"a": True}], True),
        ([1, {"a": True}], [1, {"a": 1}], False),
        ([1], [1, 2], False),
        ({"equals": {"a": None}}, {"a": None}, True),
        ({"equals": {"a": 1}}, {"b": 1}, False),
        ({"not_equals": 5}, 6, True),
        ({"not_equals": 5}, 5, False),
        ({"not_equals": "5s"}, seconds(6), True),
        ({"not_equals": "a"}, "b", True),
        ({"above": 5}, 5, False),
        ({"above": 5}, 6, True),
        ({"at_least": 5}, 5, True),
        ({"below": 5}, 5, False),
        ({"at_most": "5s"}, seconds(5), True),
        ({"at_most": "5s"}, seconds(5.001), False),
        ({"at_least": "30%"}, ratio(0.41), True),
        ({"at_least": "30%"}, ratio(0.2999), False),
        ({"between": [1, 3]}, 3, True),
        ({"between": [1, 3]}, 0, False),
        ({"one_of": ["5s", 5, "a"]}, 5, True),
        ({"one_of": ["a", "b"]}, "c", False),
        ({"contains": "ell"}, "hello", True),
        ({"contains": "ELL"}, "hello", False),
        ({"contains": 5}, [True, 5], True),
        ({"contains": 1}, [True], False),
        ({"contains": ["a", "b"]}, {"a": 1, "b": 2}, True),
        ({"contains": ["a", "c"]}, {"a": 1, "b": 2}, False),
        ({"matches": "b.d"}, "abcde", True),
        ({"matches": "^b"}, "abc", False),
        ({"matches": "é+$"}, "caféé", True),
        ({"matches": "a"}, "\ud800a", True),
        ({"exists": True}, "anything", True),
        ({"exists": True}, None, False),
        ({"exists": False}, None, True),
        ({"exists": False}, 0, False),
        ({"trend": "rising"}, [ratio(0.1), ratio(0.2), ratio(0.3), ratio(0.4)], True),
        ({"trend": "rising"}, [1, 1, 1, 1], False),
        ({"trend": "falling"}, [1, 2, 3, 4], False),
        ({"above": 0, "below": 9}, 5, True),
        ({"above": 0, "below": 9}, 10, False),
        ({"above": 20, "matches": "x"}, 10, False),
    ],
)
def test_judges(raw: object, observed: object, holds: bool) -> None:
    assert Expectation.parse(raw).check(observed).holds is holds


@pytest.mark.parametrize(
    ("raw", "observed", "reason"),
    [
        (0, None, "nothing was observed; expected equals 0"),
        ({"at_most": 5}, math.nan, "the value observed is nan"),
        ({"at_most": "5%"}, ratio(math.nan), "the value observed is nan"),
        ({"at_least": 5}, math.inf, "the value observed is inf"),
        ({"exists": True}, math.nan, "the value observed is nan"),
        ({"not_equals": [1]}, [math.nan], "the value observed is nan"),
        ({"contains": "a"}, {"a": {"b": [math.inf]}}, "the value observed is inf"),
        ({"contains": "a"}, Truncated("more than 1 MiB of output"), "only a part was observed: more than 1 MiB"),
        ({"exists": True}, Truncated("x"), "only a part was observed"),
        ({"at_least": "30%"}, 0.41, "0.41 is a number, 30 % is a ratio: not comparable"),
        ("30%", 0.3, "0.3 is a number, 30 % is a ratio: not comparable"),
        ({"at_least": 5}, seconds(6), "6 s is a time, 5 is a number: not comparable"),
        ("stable", ratio(0.3), "30 % is a ratio, 'stable' is none"),
        (True, Quantity(1), "1 is a number, True is none"),
        ({"at_least": 5}, "7", "a text is no number"),
        ({"at_least": 0}, True, "a boolean is no number"),
        ({"between": [0, 9]}, [5], "a list is no number"),
        ({"not_equals": 5}, "5", "a text is not compared with a number"),
        ({"one_of": ["5s", 6]}, 5, "5 is a number, 5 s is a time"),
        ({"contains": 5}, "5", "a number cannot be part of a text"),
        ({"contains": 5}, 5, "a number contains nothing"),
        ({"matches": "5"}, 5, "a number has no text to search"),
        ({"matches": "5"}, b"5", "a value of the type bytes has no text to search"),
        ({"not_equals": 5}, {}, "a mapping is not compared with a number"),
        ({"trend": "rising"}, [1, 2, 3], "a trend needs at least 4 values, and there are 3"),
        ({"trend": "rising"}, "rising", "a trend needs a list of numbers, not a text"),
        ({"trend": "rising"}, [1, "2", 3, 4], "a text is no number"),
        ({"trend": "rising"}, [1, None, 3, 4], "null is no number"),
        ({"trend": "rising"}, [1, seconds(2), 3, 4], "2 s is a time, 1 is a number"),
        ({"above": 5, "matches": "x"}, 10, "a number has no text to search"),
    ],
)
def test_what_cannot_be_judged_says_why(raw: object, observed: object, reason: str) -> None:
    judgement = Expectation.parse(raw).check(observed)
    assert judgement.holds is None
    assert reason in judgement.reason


def test_what_is_nested_too_deeply_is_not_judged() -> None:
    judgement = Expectation.parse({"contains": 1}).check(deeply_nested())
    assert judgement.holds is None
    assert "nested too deeply" in judgement.reason


def test_a_reason_shows_what_was_observed_and_expected() -> None:
    expectation = Expectation.parse({"at_least": "30%"})
    assert expectation.check(ratio(0.41)).reason == "observed 41 %, expected at least 30 %"
    assert len(Expectation.parse("x").check("y" * 10_000).reason) < 200


def test_a_pathological_expression_takes_no_time() -> None:
    assert Expectation.parse({"matches": "(a+)+$"}).check("a" * 50_000 + "b").holds is False


@pytest.mark.parametrize(
    ("raw", "trivial"),
    [
        ({"matches": ".*"}, True),
        ({"matches": "^v"}, False),
        ({"at_least": "0%"}, True),
        ({"at_least": 0}, True),
        ({"at_least": 1}, False),
        ({"at_most": "100%"}, True),
        ({"at_most": 1}, False),
        ({"between": ["0%", "100%"]}, True),
        ({"between": ["0%", "50%"]}, False),
        ({"contains": ""}, True),
        ({"contains": "a"}, False),
        ({"at_least": "0%", "at_most": "100%"}, True),
        ({"at_least": "0%", "at_most": "50%"}, False),
        ({"exists": True}, False),
        (0, False),
    ],
)
def test_knows_what_cannot_be_missed(raw: object, trivial: bool) -> None:
    assert Expectation.parse(raw).is_trivial is trivial


def test_gives_the_numbers_it_compares_with() -> None:
    assert Expectation.parse({"between": ["1s", "2s"], "not_equals": "1.5s"}).quantities == (
        seconds(1),
        seconds(2),
        seconds(1.5),
    )
    assert Expectation.parse({"at_most": "150%"}).quantities == (ratio(1.5),)
    assert Expectation.parse("text").quantities == ()


def test_reads_the_expectations_of_several_properties() -> None:
    read = expectations({"exit_code": 0, "duration": {"at_most": "5s"}})
    assert {name: str(each) for name, each in read.items()} == {"exit_code": "equals 0", "duration": "at most 5 s"}


@pytest.mark.parametrize("raw", [{}, None, 5, ["a"]])
def test_expecting_nothing_of_anything_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match="at least one property"):
        expectations(raw)


def test_shows_the_faults_of_every_property() -> None:
    with pytest.raises(ValueError, match=r"passed: there is no comparator 'at_lest'.*; failed: equals: no value"):
        expectations({"passed": {"at_lest": 5}, "failed": None})


numbers = st.integers(-1000, 1000) | st.floats(-1000, 1000)
observations: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.builds(Quantity, st.floats(), st.sampled_from(list(Dimension))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


@given(st.sampled_from(["at_least", "above"]), numbers, numbers, observations | numbers)
def test_a_stricter_lower_bound_never_turns_fail_into_pass(name: str, one: float, two: float, observed: object) -> None:
    loose, strict = sorted((one, two))
    if Expectation.parse({name: strict}).check(observed).holds:
        assert Expectation.parse({name: loose}).check(observed).holds is True


@given(st.sampled_from(["at_most", "below"]), numbers, numbers, observations | numbers)
def test_a_stricter_upper_bound_never_turns_fail_into_pass(name: str, one: float, two: float, observed: object) -> None:
    strict, loose = sorted((one, two))
    if Expectation.parse({name: strict}).check(observed).holds:
        assert Expectation.parse({name: loose}).check(observed).holds is True


@given(st.tuples(numbers, numbers, numbers, numbers).map(sorted), numbers)
def test_a_narrower_range_never_turns_fail_into_pass(ends: list[float], observed: float) -> None:
    outer = Expectation.parse({"between": [ends[0], ends[3]]})
    inner = Expectation.parse({"between": [ends[1], ends[2]]})
    assert outer.check(observed).holds or not inner.check(observed).holds


written: st.SearchStrategy[Any] = st.one_of(
    [
        st.fixed_dictionaries({name: numbers | st.sampled_from(["5s", "30%", "1MB"])})
        for name in ("above", "at_least", "below", "at_most", "equals", "not_equals")
    ]
) | st.sampled_from([{"contains": "a"}, {"matches": "a"}, {"one_of": [1, "a"]}, {"trend": "rising"}, {"exists": True}])


@given(written, observations)
def test_an_observation_holds_or_not_or_says_why_not_told(raw: dict[str, Any], observed: object) -> None:
    expectation = Expectation.parse(raw)
    judgement = expectation.check(observed)
    assert str(expectation) in judgement.reason
    if observed is None or (isinstance(observed, float) and not math.isfinite(observed)):
        assert judgement.holds is not True


@given(written, written, observations)
def test_one_more_comparator_never_turns_fail_into_pass(
    first: dict[str, Any], second: dict[str, Any], observed: object
) -> None:
    try:
        both = Expectation.parse(first | second)
    except UnitMismatch:
        return
    if both.check(observed).holds:
        assert all(Expectation.parse({name: raw}).check(observed).holds for name, raw in (first | second).items())
