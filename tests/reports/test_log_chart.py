"""The picture of a window table: every window of the span is in it, and one without a request is a gap."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from checks.metrics.coverage import Coverage
from checks.metrics.histogram import Histogram
from checks.metrics.table import WindowTable
from checks.metrics.windows import Sums, WindowKey
from reports.log_chart import MOST_POINTS, draw, picture

START = int(datetime(2026, 1, 11, 10, tzinfo=UTC).timestamp())


def table(*minutes: int) -> WindowTable:
    sums = Sums(requests=10, hits=4, misses=5, errors=1, all=Histogram.of(*[1000] * 10))
    rows = {WindowKey(START + 60 * minute): sums for minute in minutes}
    return WindowTable(60, rows, Coverage(parsed=10 * len(minutes)))


def test_a_window_without_requests_is_a_gap() -> None:
    bars, rates, latencies = picture(table(0, 1, 3)).to_dict()["vconcat"]
    assert {row["what"]: row["high"] for row in bars["data"]["values"][:3]} == {
        "failed": 1,
        "cache hits": 5,
        "others": 10,
    }
    for panel in (rates, latencies):
        values = [row["value"] for row in panel["data"]["values"]][:4]
        assert [value is None for value in values] == [False, False, True, False]


def test_more_windows_than_fit_are_added_up() -> None:
    bars = picture(table(0, 3 * MOST_POINTS)).to_dict()["vconcat"][0]
    assert len({row["start"] for row in picture(table(*range(1500))).to_dict()["vconcat"][1]["data"]["values"]}) <= 600
    assert sum(row["high"] - row["low"] for row in bars["data"]["values"]) == 20
    assert bars["encoding"]["y"]["title"] == "requests in 4 min"


def test_nothing_is_drawn_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is nothing to draw: no request in what was read"):
        draw(WindowTable(60), tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []
