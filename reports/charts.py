"""Charts of what metrics saw over time: the geometry only, which a template draws as SVG.

A chart is `WIDTH` by `HEIGHT` units; the plot lies inside the margins. Windows without a value leave a gap.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from checks.outcome import Result, RunRecord
from checks.units import Dimension, Quantity
from reports import values
from reports.chart_windows import LARGEST, PERCENTILES, Window, windows_of

WIDTH, HEIGHT = 640, 200
LEFT, RIGHT, TOP, BOTTOM = 72, 12, 12, 30
_HEADROOM = 1.1
_DASH = "m-6 0h12"
"""What makes a line of a single window visible."""
_QUANTITY = re.compile(r"(?:at least|at most|above|below) ([0-9.]+ ?[A-Za-z%]*)")


@dataclass(frozen=True)
class Point:
    """One window: where it is drawn, its time, its value, and what stands beside it, in words."""

    x: float
    y: float
    at: str
    value: str
    beside: tuple[str, ...]


@dataclass(frozen=True)
class Level:
    """A horizontal line with its words: a step of the scale, or a limit that is expected."""

    y: float
    label: str


@dataclass(frozen=True)
class Line:
    """A percentile of a latency over time, as an SVG path."""

    name: str
    path: str


@dataclass(frozen=True)
class Chart:
    """One metric over time; `line` and `bands` are SVG paths, `columns` name what stands beside each value."""

    result: Result
    columns: tuple[str, ...]
    points: tuple[Point, ...]
    line: str
    bands: str
    percentiles: tuple[Line, ...]
    scale: tuple[Level, ...]
    limits: tuple[Level, ...]
    first: str
    last: str


@dataclass(frozen=True)
class _Plot:
    """The plot's scales: time from `begin` over `seconds`, values of a unit from 0 to `top`."""

    begin: datetime
    seconds: float
    top: float
    unit: Any

    def across(self, at: datetime) -> float:
        share = (at - self.begin).total_seconds() / self.seconds if self.seconds else 0.5
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def up(self, value: float) -> float:
        return round(HEIGHT - BOTTOM - min(value / self.top, 1.0) * (HEIGHT - TOP - BOTTOM), 1)

    def words(self, value: float | None) -> str:
        if value is None:
            return values.NOTHING
        if self.unit == "rate":
            return values.share(value)
        return values.span(value / 1000) if self.unit == "duration_ms" else values.number(value)

    def level(self, value: float) -> Level:
        return Level(self.up(value), self.words(value))

    def line(self, places: Iterable[tuple[datetime, float | None]]) -> str:
        """A path through the places; one that is missing ends a stroke."""
        path, pen = [], "M"
        for at, value in places:
            if value is None:
                pen = "M"
            else:
                path.append(f"{pen}{self.across(at)} {self.up(value)}")
                pen = "L"
        return " ".join(path)


def charts_of(record: RunRecord) -> list[Chart]:
    """A chart of every metric that has windows with values."""
    return [chart for result in record.checks if result.kind == "metric" if (chart := _chart(result)) is not None]


def _chart(result: Result) -> Chart | None:
    windows = windows_of(result)
    if all(each.value is None for each in windows):
        return None
    unit = result.observed.get("unit")
    limits = _limits(result, unit)
    top = max([*limits, *(each.highest for each in windows)]) * _HEADROOM or 1.0
    begin, end = windows[0].at, windows[-1].at
    plot = _Plot(begin, (end - begin).total_seconds(), min(top, 1.0) if unit == "rate" else top, unit)
    percentiles = _percentiles(plot, windows)
    return Chart(
        result=result,
        columns=PERCENTILES if percentiles else ("95 % interval",),
        points=tuple(_point(plot, each, bool(percentiles)) for each in windows if each.value is not None),
        line=plot.line((each.at, each.value) for each in windows),
        bands=" ".join(
            f"M{plot.across(each.at)} {plot.up(each.interval[0])}V{plot.up(each.interval[1])}"
            for each in windows
            if each.interval
        ),
        percentiles=percentiles,
        scale=tuple(plot.level(plot.top * share) for share in (0.0, 0.5, 1.0)),
        limits=tuple(plot.level(limit) for limit in limits),
        first=values.moment(begin),
        last=values.moment(end),
    )


def _point(plot: _Plot, window: Window, has_percentiles: bool) -> Point:
    if has_percentiles:
        shown = window.percentiles or (None,) * len(PERCENTILES)
        beside = tuple(plot.words(each) for each in shown)
    else:
        interval = window.interval
        beside = (f"{plot.words(interval[0])} to {plot.words(interval[1])}" if interval else values.NOTHING,)
    value = window.value or 0.0
    return Point(plot.across(window.at), plot.up(value), values.moment(window.at), plot.words(value), beside)


def _percentiles(plot: _Plot, windows: list[Window]) -> tuple[Line, ...]:
    lines = []
    for number, name in enumerate(PERCENTILES):
        places = [(each.at, each.percentiles[number] if each.percentiles else None) for each in windows]
        if any(value is not None for _, value in places):
            lines.append(Line(name, plot.line(places) + (_DASH if len(places) == 1 else "")))
    return tuple(lines)


def _limits(result: Result, unit: Any) -> list[float]:
    """The limits that the expectation of the value names, in the unit of the windows."""
    found = []
    for written in _QUANTITY.findall(result.expected.get("value", "")):
        try:
            quantity = Quantity.parse(written.strip())
        except ValueError:
            continue
        if unit == "duration_ms" and quantity.dimension is Dimension.TIME:
            found.append(quantity.value * 1000)
        elif unit != "duration_ms" and quantity.dimension in {Dimension.RATIO, Dimension.NUMBER}:
            found.append(float(quantity.value))
    return [each for each in found if math.isfinite(each) and 0 <= each < LARGEST]
