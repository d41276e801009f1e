"""Times and spans as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from checks.metrics.spans import parse_moment, parse_span, parse_window

NOW = datetime(2026, 1, 11, 12, tzinfo=UTC)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("1.5h", 5400), ("7d", 604800), ("250ms", 0.25)])
def test_spans(text: str, seconds: float) -> None:
    assert parse_span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "1", "0s", "-1h", "1w", "5 MB", "30%", "99999999d", "1h30m", "NaN"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a span of time; write a number above zero"):
        parse_span(text)


def test_a_window_is_whole_seconds() -> None:
    assert parse_window("1m") == 60
    with pytest.raises(ValueError, match="'1500ms' is not a whole number of seconds"):
        parse_window("1500ms")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1h", datetime(2026, 1, 11, 11, tzinfo=UTC)),
        ("2026-01-11T10:00:00Z", datetime(2026, 1, 11, 10, tzinfo=UTC)),
        ("2026-01-11T10:00:00", datetime(2026, 1, 11, 10, tzinfo=UTC)),
        ("2026-01-11T10:00:00+02:00", datetime(2026, 1, 11, 8, tzinfo=UTC)),
        ("2026-01-11", datetime(2026, 1, 11, tzinfo=UTC)),
    ],
)
def test_moments(text: str, moment: datetime) -> None:
    assert parse_moment(text, NOW) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30", "10:00", "-1h"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time; write an ISO time"):
        parse_moment(text, NOW)
