from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from checks.query import Query, answer, parse_json

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_json_writes_is_read_back(value: Any) -> None:
    assert parse_json(json.dumps(value)) == value
    assert parse_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_what_python_cannot_read_is_refused_in_words(content: bytes | str) -> None:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        with pytest.raises(ValueError, match="JSON"):
            parse_json(content)


GUESSES = ["NaN", "[-Infinity]", "1e999", '{"a": {"b": 1, "b": 1}}', "[" * 100_000, "1" * 5000, b"\xff"]


@pytest.mark.parametrize("content", GUESSES)
def test_guesses_are_refused(content: str | bytes) -> None:
    with pytest.raises(ValueError, match="JSON"):
        parse_json(content)


def test_a_refusal_quotes_nothing() -> None:
    with pytest.raises(ValueError, match="JSON") as refused:
        parse_json('{"key": "a-secret-value" "other"}')
    assert "secret" not in str(refused.value)


def test_a_query_is_compiled_when_it_is_given() -> None:
    assert TypeAdapter(Query).validate_python("a[?b == 'c'].d | [0]") == "a[?b == 'c'].d | [0]"
    with pytest.raises(ValidationError, match="JMESPath"):
        TypeAdapter(Query).validate_python("a[?")


def test_a_question_that_does_not_fit_the_data_is_refused() -> None:
    assert answer("sum(n)", {"n": [1, 2]}) == 3
    assert answer("none", {"n": 1}) is None
    with pytest.raises(ValueError, match="cannot be answered"):
        answer("sum(n)", {"n": ["one"]})
