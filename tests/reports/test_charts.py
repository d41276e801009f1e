"""What charts show of the windows of a metric."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.outcome import Result, Status
from reports import charts
from tests.reports import records


def metric(windows: Any, unit: str = "rate", expected: str = "below 5 %") -> Result:
    observed = {"windows": windows, "unit": unit}
    return records.result("m", Status.PASS, kind="metric", observed=observed, expected={"value": expected})


def window(minute: int, value: Any, samples: Any = 100) -> list[Any]:
    return [f"2026-01-11T10:{minute:02}:00+00:00", value, samples]


def drawn(*windows: Any, **facts: str) -> charts.Chart:
    (chart,) = charts.charts_of(records.record((metric(list(windows), **facts),)))
    return chart


def test_a_rate_has_its_interval_its_limit_and_a_scale_that_holds_all() -> None:
    chart = drawn(window(0, 0.0), window(1, 0.04), window(2, 0.02))
    assert [point.value for point in chart.points] == ["0.0 %", "4.0 %", "2.0 %"]
    assert [point.x for point in chart.points] == [72.0, 350.0, 628.0]
    assert chart.points[0].y == charts.HEIGHT - charts.BOTTOM
    assert chart.points[1].y < chart.points[2].y < chart.points[0].y
    assert chart.points[1].beside[0].endswith("%")
    assert chart.bands.count("M") == 3
    assert [level.label for level in chart.limits] == ["5.0 %"]
    assert charts.TOP < chart.limits[0].y < charts.HEIGHT - charts.BOTTOM


def test_a_missing_window_is_a_gap_not_a_nought() -> None:
    chart = drawn(window(0, 0.1), window(1, None), window(2, 0.1), window(3, 0.1))
    assert chart.line.count("M") == 2
    assert len(chart.points) == 3


def test_latency_is_in_its_own_unit() -> None:
    chart = drawn(window(0, 250.0), window(1, 500.0), unit="duration_ms", expected="below 5 s")
    assert [point.value for point in chart.points] == ["250 ms", "500 ms"]
    assert [level.label for level in chart.limits] == ["5 s"]
    assert chart.bands == ""


@pytest.mark.parametrize(
    "windows", [None, "text", [], [[]], [["x", 1, 1]], [window(0, None)], [window(0, float("nan"))]]
)
def test_nothing_to_draw_is_no_chart(windows: Any) -> None:
    assert charts.charts_of(records.record((metric(windows),))) == []


@given(
    st.lists(st.one_of(st.none(), st.floats(), st.integers(), st.booleans(), st.text(max_size=3)), max_size=8),
    st.lists(st.one_of(st.integers(), st.none(), st.text(max_size=2)), min_size=8, max_size=8),
    st.sampled_from(["rate", "duration_ms", "count", "x"]),
    st.sampled_from(["below 5 %", "below 5 s", "above 99999999999999999999", "at least .", ""]),
)
def test_whatever_was_observed_lies_within_the_picture(
    values: list[Any], samples: list[Any], unit: str, expected: str
) -> None:
    windows = [window(minute, value, count) for minute, (value, count) in enumerate(zip(values, samples, strict=False))]
    for chart in charts.charts_of(records.record((metric(windows, unit, expected),))):
        assert chart.points
        for point in chart.points:
            assert charts.LEFT <= point.x <= charts.WIDTH - charts.RIGHT
            assert charts.TOP <= point.y <= charts.HEIGHT - charts.BOTTOM
        assert all(charts.TOP <= level.y <= charts.HEIGHT - charts.BOTTOM for level in (*chart.scale, *chart.limits))
        assert set(chart.line + chart.bands) <= set("MLV 0123456789.")


def test_a_latency_shows_its_percentiles_where_it_has_them() -> None:
    windows = [window(minute, 250.0) for minute in range(3)]
    percentiles = [[windows[0][0], 200.0, 400.0, 900.0], [windows[2][0], None, float("nan"), "x"]]
    observed = {"windows": windows, "unit": "duration_ms", "percentiles": percentiles}
    result = records.result("m", Status.PASS, kind="metric", observed=observed)
    (chart,) = charts.charts_of(records.record((result,)))
    assert chart.columns == ("p50", "p95", "p99")
    assert chart.points[0].beside == ("200 ms", "400 ms", "900 ms")
    assert chart.points[1].beside == chart.points[2].beside == ("—", "—", "—")
    assert [line.name for line in chart.percentiles] == ["p50", "p95", "p99"]
    assert all(level.y <= chart.scale[0].y for level in chart.scale)
