"""A trend is told only beyond chance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from checks.metrics.histogram import Histogram
from checks.metrics.measures import WindowReading
from checks.metrics.table import WindowTable
from checks.metrics.trend import trend_of
from checks.metrics.windows import Sums, WindowKey

START = datetime(2026, 1, 11, 10, tzinfo=UTC)


def readings(*values: float | None, samples: int = 100) -> list[WindowReading]:
    return [
        WindowReading(START + timedelta(hours=place), value, 0 if value is None else samples)
        for place, value in enumerate(values)
    ]


def test_a_clear_rise_and_fall_of_a_rate() -> None:
    rising, falling = trend_of(readings(0.1, 0.2, 0.3), "rate"), trend_of(readings(0.3, 0.2, 0.1), "rate")
    assert (rising.direction, falling.direction) == ("rising", "falling")
    assert rising.slope == pytest.approx(0.1)
    assert (rising.samples, rising.windows) == (300, 3)


def test_the_same_rise_of_few_samples_is_chance() -> None:
    assert trend_of(readings(0.1, 0.2, 0.3, samples=5), "rate").direction == "flat"


@pytest.mark.parametrize("unit", ["rate", "duration_ms"])
def test_a_constant_is_flat(unit: str) -> None:
    assert trend_of(readings(0.1, 0.1, 0.1, 0.1), "rate" if unit == "rate" else "duration_ms").direction == "flat"


def test_a_duration_rises_where_the_line_fits() -> None:
    assert trend_of(readings(10, 21, 29, 41, 50), "duration_ms").direction == "rising"
    assert trend_of(readings(10, 60, 5, 70, 20), "duration_ms").direction == "flat"


@pytest.mark.parametrize("values", [(), (0.1, 0.9), (0.1, None, 0.9)])
def test_fewer_than_three_windows_with_data_tell_nothing(values: tuple[float | None, ...]) -> None:
    trend = trend_of(readings(*values), "rate")
    assert trend.direction is None
    assert "a trend needs 3" in (trend.reason or "")


def test_chance_alone_seldom_makes_a_trend() -> None:
    random = Random(7)
    found = [
        trend_of(readings(*(sum(random.random() < 0.3 for _ in range(100)) / 100 for _ in range(8))), "rate").direction
        for _ in range(200)
    ]
    assert found.count("flat") >= 180


def test_a_table_tells_the_trend_of_a_measure() -> None:
    start = int(START.timestamp())
    rows = {
        WindowKey(start + 60 * place): Sums(
            requests=100, hits=20 * place, misses=100 - 20 * place, all=Histogram.of(1000 * (10 - place))
        )
        for place in range(5)
    }
    table = WindowTable(60, rows)
    assert table.trend("cache.hit_rate").direction == "rising"
    assert table.trend("latency.mean").direction == "falling"
