"""The picture of a window table: every window of the span is in it, and one without a request is a gap."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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


def panels(drawn: WindowTable) -> list[list[dict[str, Any]]]:
    told = picture(drawn).to_dict()
    return [told["datasets"][panel["data"]["name"]] for panel in told["vconcat"]]


def test_a_window_without_requests_is_a_gap() -> None:
    bars, rates, latencies = panels(table(0, 1, 3))
    assert {row["what"]: row["high"] for row in bars[:3]} == {"failed": 1, "cache hits": 5, "others": 10}
    for rows in (rates, latencies):
        assert [row["value"] is None for row in rows[:4]] == [False, False, True, False]


def test_more_windows_than_fit_are_added_up() -> None:
    bars, rates, _ = panels(table(*range(3 * MOST_POINTS)))
    assert len({row["start"] for row in rates}) <= MOST_POINTS
    assert sum(row["high"] - row["low"] for row in bars) == 30 * MOST_POINTS


def test_nothing_is_drawn_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is nothing to draw: no request in what was read"):
        draw(WindowTable(60), tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []
