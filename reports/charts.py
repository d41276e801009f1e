"""Charts of what metrics saw over time: the geometry only, which a template draws as SVG.

A chart is `WIDTH` by `HEIGHT` units; the plot lies inside the margins. Windows without a value leave a gap.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from checks.metrics.intervals import wilson
from checks.outcome import Result, RunRecord
from checks.units import Dimension, Quantity
from reports import values

WIDTH, HEIGHT = 640, 200
LEFT, RIGHT, TOP, BOTTOM = 72, 12, 12, 30
MOST_POINTS = 500
_HEADROOM = 1.1
_LARGEST = 1e12
_QUANTITY = re.compile(r"(?:at least|at most|above|below) ([0-9.]+ ?[A-Za-z%]*)")


@dataclass(frozen=True)
class Point:
    """One window: where it is drawn, its time, value and 95 % interval in words."""

    x: float
    y: float
    at: str
    value: str
    interval: str


@dataclass(frozen=True)
class Level:
    """A horizontal line with its words: a step of the scale, or a limit that is expected."""

    y: float
    label: str


@dataclass(frozen=True)
class Chart:
    """One metric over time; `line` and `bands` are SVG paths."""

    result: Result
    points: tuple[Point, ...]
    line: str
    bands: str
    scale: tuple[Level, ...]
    limits: tuple[Level, ...]
    first: str
    last: str


@dataclass(frozen=True)
class _Window:
    at: datetime
    value: float | None
    low: float | None = None
    high: float | None = None


def charts_of(record: RunRecord) -> list[Chart]:
    """A chart of every metric that has windows with values."""
    return [chart for result in record.checks if result.kind == "metric" if (chart := _chart(result)) is not None]


def _chart(result: Result) -> Chart | None:
    unit = result.observed.get("unit")
    windows = _windows(result.observed.get("windows"), is_rate=unit == "rate")
    known = [each for each in windows if each.value is not None]
    if not known:
        return None
    limits = _limits(result, unit)
    top = max([*limits, *(each.high or each.value or 0.0 for each in known)]) * _HEADROOM or 1.0
    top = min(top, 1.0) if unit == "rate" else top
    begin, end = windows[0].at, windows[-1].at
    length = (end - begin).total_seconds()

    def across(at: datetime) -> float:
        share = (at - begin).total_seconds() / length if length else 0.5
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def up(value: float) -> float:
        return round(HEIGHT - BOTTOM - min(value / top, 1.0) * (HEIGHT - TOP - BOTTOM), 1)

    def words(value: float) -> str:
        return _words(value, unit)

    return Chart(
        result=result,
        points=tuple(
            Point(across(each.at), up(each.value), values.moment(each.at), words(each.value), _interval(each, words))
            for each in known
            if each.value is not None
        ),
        line=_line((across(each.at), None if each.value is None else up(each.value)) for each in windows),
        bands=" ".join(
            f"M{across(each.at)} {up(each.low)}V{up(each.high)}"
            for each in known
            if each.low is not None and each.high is not None
        ),
        scale=tuple(Level(up(top * share), words(top * share)) for share in (0.0, 0.5, 1.0)),
        limits=tuple(Level(up(limit), words(limit)) for limit in limits),
        first=values.moment(begin),
        last=values.moment(end),
    )


def _windows(raw: Any, *, is_rate: bool) -> list[_Window]:
    """What can be drawn of the observed `[start, value, samples]`, in the order of time."""
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        return []
    found = []
    for each in raw[-MOST_POINTS:]:
        window = _window(each, is_rate=is_rate)
        if window is not None:
            found.append(window)
    return sorted(found, key=lambda window: window.at)


def _window(raw: Any, *, is_rate: bool) -> _Window | None:
    match raw:
        case [str(start), int() | float() | None as value, int(samples)]:
            try:
                at = datetime.fromisoformat(start)
            except ValueError:
                return None
        case _:
            return None
    if at.tzinfo is None:
        return None
    if value is None or isinstance(value, bool) or not 0 <= value < _LARGEST:
        return _Window(at, None)
    if not is_rate:
        return _Window(at, float(value))
    if value > 1 or not 0 <= samples < _LARGEST:
        return _Window(at, None)
    interval = wilson(round(value * samples), samples)
    return _Window(at, float(value), *interval) if interval else _Window(at, float(value))


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
    return [each for each in found if math.isfinite(each) and 0 <= each < _LARGEST]


def _line(places: Iterable[tuple[float, float | None]]) -> str:
    """A path through the places; one that is missing ends a stroke."""
    path, pen = [], "M"
    for x, y in places:
        if y is None:
            pen = "M"
        else:
            path.append(f"{pen}{x} {y}")
            pen = "L"
    return " ".join(path)


def _words(value: float, unit: Any) -> str:
    if unit == "rate":
        return values.share(value)
    return values.span(value / 1000) if unit == "duration_ms" else values.number(value)


def _interval(window: _Window, words: Any) -> str:
    if window.low is None or window.high is None:
        return values.NOTHING
    return f"{words(window.low)} to {words(window.high)}"
