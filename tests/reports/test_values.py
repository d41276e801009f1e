"""Values in words: units that fit, no digits that mislead, nothing that raises."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import values
from tests.reports.hostile import observed_values


@pytest.mark.parametrize(
    ("observed", "words"),
    [
        (None, "—"),
        (True, "true"),
        (False, "false"),
        (217, "217"),
        (5.0, "5"),
        (0.123456789, "0.123457"),
        (1e20, "1e+20"),
        (float("nan"), "not a number"),
        (float("inf"), "not a number"),
        ("", "(empty)"),
        ("hit", "hit"),
        ("2026-01-11T10:00:00Z", "2026-01-11 10:00:00 UTC"),
        ("2026-01-11T10:00:00.5+02:00", "2026-01-11 08:00:00 UTC"),
        ("2026-01-11T10:00:00.000", "2026-01-11T10:00:00.000"),
        ("2026-99-11T10:00:00Z and more", "2026-99-11T10:00:00Z and more"),
        ({"value": 0.41, "unit": "ratio"}, "41.0 %"),
        ({"value": 0.0, "unit": "ratio"}, "0.0 %"),
        ({"value": 1, "unit": "ratio"}, "100.0 %"),
        ({"value": 0.0003, "unit": "s"}, "0.3 ms"),
        ({"value": 0, "unit": "s"}, "0 ms"),
        ({"value": 0.312, "unit": "s"}, "312 ms"),
        ({"value": 4.25, "unit": "s"}, "4.2 s"),
        ({"value": 5.0, "unit": "s"}, "5 s"),
        ({"value": 125.0, "unit": "s"}, "2 min 5 s"),
        ({"value": 7200, "unit": "s"}, "2 h"),
        ({"value": 90_061, "unit": "s"}, "1 d 1 h"),
        ({"value": 512, "unit": "bytes"}, "512 B"),
        ({"value": 1_200_000, "unit": "bytes"}, "1.2 MB"),
        ({"value": 5e15, "unit": "bytes"}, "5000 TB"),
        ({"value": None, "unit": "s"}, "—"),
        ({"value": float("nan"), "unit": "bytes"}, "not a number"),
        ({"value": float("inf"), "unit": "s"}, "not a number"),
        ({"value": 10**400, "unit": "ratio"}, "not a number"),
        ({"value": 3, "unit": "furlongs"}, "value: 3, unit: furlongs"),
        ({"value": 0.4, "unit": "ratio", "of": 9}, "value: 0.4, unit: ratio, of: 9"),
        ([], "none"),
        ({}, "empty"),
        (["a", 1, None], "a, 1, —"),
        (list(range(9)), "0, 1, 2, 3, 4, 5 and 3 more"),
        ({"a": [1, 2], "b": {"c": True}}, "a: 1, 2, b: c: true"),
        ([[[["deep"]]]], '["deep"]'),
    ],
)
def test_a_value_in_words(observed: Any, words: str) -> None:
    assert values.worded(observed) == words


@given(observed_values())
def test_every_value_has_words(observed: Any) -> None:
    assert values.worded(observed)


@given(st.floats(0, 1), st.integers(0, 100))
def test_a_share_never_reads_as_a_whole_one_that_it_is_not(ratio: float, percent: int) -> None:
    shown = float(values.share(ratio).removesuffix(" %"))
    if shown == percent:
        assert ratio * 100 == pytest.approx(percent, abs=1e-6)


def test_a_long_text_is_cut_with_its_length() -> None:
    assert values.worded("x" * 1000) == "x" * values.LONGEST_TEXT + "… (1000 characters)"


def test_a_time_is_shown_in_utc() -> None:
    zone = timezone(timedelta(hours=2))
    assert values.moment(datetime(2026, 1, 11, 12, 0, tzinfo=zone)) == "2026-01-11 10:00:00 UTC"
    assert values.moment(None) == "—"
