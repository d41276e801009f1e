from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.judgement import Truncated
from checks.observed import ABSENT, as_json, look_up
from checks.units import Dimension, Quantity

SEEN = {
    "status": 200,
    "headers": {"x-cache": "hit", "a.b": "dotted"},
    "json": {"data": [{"n": 1}, {"n": 2}], "none": None},
    "unknown": None,
    "ab.text": "whole name",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", 200),
        ("headers.x-cache", "hit"),
        ("headers.a.b", "dotted"),
        ("ab.text", "whole name"),
        ("json.data[1].n", 2),
        ("json.length(data)", 2),
        ("json.data[].n", [1, 2]),
        ("json.none", None),
        ("json.gone", ABSENT),
        ("json.data[9]", ABSENT),
        ("json.((", ABSENT),
        ("headers.gone", ABSENT),
        ("status.deeper", ABSENT),
        ("unknown", None),
        ("unknown.deeper", None),
        ("nothing", None),
        ("nothing.deeper", None),
    ],
)
def test_a_name_leads_to_its_value(name: str, value: object) -> None:
    found = look_up(SEEN, name)
    assert found is value if value is ABSENT or value is None else found == value


def test_a_property_inside_properties() -> None:
    steps = {"steps": {"first": {"json": {"id": "x"}}}}
    assert look_up(steps, "steps.first.json.id") == "x"
    assert look_up({"a": {"b": {"c-d": 1}}}, "a.b.c-d") == 1


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Quantity(0.5, Dimension.TIME), {"value": 0.5, "unit": "s"}),
        (Quantity(5, Dimension.SIZE), {"value": 5, "unit": "bytes"}),
        (Quantity(7), 7),
        (math.inf, None),
        ((1, 2), [1, 2]),
        (Truncated("too long"), "(only a part: too long)"),
        (b"bytes", "b'bytes'"),
        (datetime(2026, 1, 11, tzinfo=UTC), "2026-01-11 00:00:00+00:00"),
        ({1: "a"}, {"1": "a"}),
        ("half \udcff", "half \\udcff"),
    ],
)
def test_values_as_json_has_them(value: object, written: object) -> None:
    assert as_json(value) == written


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()) | st.integers(), inner),
        max_leaves=10,
    )
)
def test_whatever_was_observed_can_be_written(value: Any) -> None:
    json.dumps(as_json(value), ensure_ascii=False, allow_nan=False).encode()
