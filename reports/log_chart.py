"""A window table as a picture: requests, rates and latency over time, one below the other."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import altair

from checks.metrics.measures import MEASURES
from checks.metrics.table import WindowTable
from checks.metrics.windows import Sums

SUFFIXES = (".png", ".svg")
"""The kinds of picture that can be drawn."""

MOST_POINTS = 600
"""More windows than that are added up into longer ones: a picture is about 900 pixels wide."""

_WIDTH, _HEIGHT = 860, 150
_INK, _FAINT = "#222222", "#dddddd"
_REQUESTS = {"failed": "#cc3311", "cache hits": "#4477aa", "others": "#bbbbbb"}
"""Shares of a window's requests and their colours, from the bottom up."""
_RATES = {"cache hit rate": ("cache.hit_rate", "#4477aa"), "error rate": ("errors.rate", "#cc3311")}
_LATENCIES = {"p50": ("latency.p50", "#228833"), "p95": ("latency.p95", "#aa3377")}


def draw(table: WindowTable, path: Path) -> None:
    """Draw a table into a PNG or SVG file, whole or not at all.

    Raises ValueError for a name of another kind, and where there is no window to draw; OSError where the file can't be
    written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{path}: a chart is a .png or .svg file")
    if table.unknown_reason:
        raise ValueError(f"there is nothing to draw: {table.unknown_reason}")
    with TemporaryDirectory(prefix=".signoff-", dir=path.parent) as folder:
        drawn = Path(folder) / f"chart{path.suffix.lower()}"
        picture(table).save(drawn, scale_factor=2 if drawn.suffix == ".png" else 1)
        drawn.replace(path)


def picture(table: WindowTable) -> altair.VConcatChart:
    """Compose the picture of a table that has at least one window; a window without a value is a gap."""
    seconds, windows = _windows(table)
    axis = altair.X("start:T", title=None, axis=altair.Axis(format="%d %b %H:%M", labelOverlap=True, tickCount=8))
    span = f"{_moment(min(windows)):%Y-%m-%d %H:%M} to {_moment(max(windows) + seconds):%Y-%m-%d %H:%M} UTC"
    panels = altair.vconcat(
        _bars(seconds, windows, axis),
        _lines("share of requests", _series(_RATES, seconds, windows), axis, "%", _RATES),
        _lines("latency of all requests, ms", _series(_LATENCIES, seconds, windows), axis, ",.3~f", _LATENCIES),
        spacing=14,
    )
    composed: altair.VConcatChart = (
        panels.resolve_scale(color="independent", x="shared")
        .properties(title=altair.Title(f"{table.total.requests:,} requests, {span}", anchor="start", offset=12))
        .configure(font="sans-serif", background="white")
        .configure_axis(gridColor=_FAINT, labelColor=_INK, titleColor=_INK, titleFontWeight="normal", labelFontSize=11)
        .configure_view(stroke=None)
        .configure_legend(orient="right", title=None, labelFontSize=11, labelLimit=120)
    )
    return composed


def _windows(table: WindowTable) -> tuple[int, dict[int, Sums]]:
    """Give the windows, every one of the span, those without a request too; and the length of each in seconds."""
    known = table.by_window
    first, last = min(known), max(known)
    seconds = table.window_s
    while (last - first) // seconds >= MOST_POINTS:
        seconds *= 2
    windows = {start: Sums() for start in range(first // seconds * seconds, last + 1, seconds)}
    for start, sums in known.items():
        windows[start // seconds * seconds] += sums
    return seconds, windows


def _bars(seconds: int, windows: dict[int, Sums], axis: altair.X) -> altair.Chart:
    rows = []
    for start, sums in windows.items():
        low, ends = 0, _text(start + seconds)
        for what, count in zip(_REQUESTS, _counts(sums), strict=True):
            if count:
                rows.append({"start": _text(start), "end": ends, "what": what, "low": low, "high": low + count})
            low += count
    chart = altair.Chart(altair.InlineData(rows), width=_WIDTH, height=_HEIGHT).mark_rect(strokeWidth=0)
    encoded: altair.Chart = chart.encode(
        x=axis,
        x2="end:T",
        y=altair.Y("low:Q", title=f"requests in {_length(seconds)}", axis=altair.Axis(tickMinStep=1)),
        y2="high:Q",
        color=altair.Color("what:N", scale=_scale(_REQUESTS), sort=list(_REQUESTS)),
    )
    return encoded


def _counts(sums: Sums) -> tuple[int, int, int]:
    return sums.errors, sums.hits, max(0, sums.requests - sums.hits - sums.errors)


def _series(names: dict[str, tuple[str, str]], seconds: int, windows: dict[int, Sums]) -> list[dict[str, Any]]:
    return [
        {"start": _text(start + seconds // 2), "what": what, "value": value}
        for what, (measure, _) in names.items()
        for start, sums in windows.items()
        for value in [MEASURES[measure].formula.read(sums, seconds).value]
    ]


def _lines(
    title: str, rows: list[dict[str, Any]], axis: altair.X, form: str, names: dict[str, tuple[str, str]]
) -> altair.Chart:
    colours = {what: colour for what, (_, colour) in names.items()}
    chart = altair.Chart(altair.InlineData(rows), width=_WIDTH, height=_HEIGHT).mark_line(
        point=altair.OverlayMarkDef(size=14), strokeWidth=1.5, strokeJoin="round", invalid="break-paths-show-domains"
    )
    encoded: altair.Chart = chart.encode(
        x=axis,
        y=altair.Y("value:Q", title=title, axis=altair.Axis(format=form), scale=altair.Scale(zero=True)),
        color=altair.Color("what:N", scale=_scale(colours), sort=list(colours)),
    )
    return encoded


def _scale(colours: dict[str, str]) -> altair.Scale:
    return altair.Scale(domain=list(colours), range=list(colours.values()))


def _length(seconds: int) -> str:
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds % unit == 0:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _text(seconds: int) -> str:
    return _moment(seconds).strftime("%Y-%m-%dT%H:%M:%S")
