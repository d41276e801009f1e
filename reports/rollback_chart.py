"""A backtest as a picture: the error rate over time, and below it every criterion's state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import altair

from checks.checklist import RollbackCriterion
from checks.metrics.table import WindowTable
from checks.rollback.backtest import Backtest

SUFFIXES = (".png", ".svg")
"""The kinds of picture that can be drawn."""
_WIDTH = 860
_STATES = {"clear": "#228833", "unknown": "#dddddd", "breached": "#cc3311"}
_POINTS = 600


def draw(table: WindowTable, found: Backtest, criteria: Sequence[RollbackCriterion], path: Path) -> None:
    """Draw a backtest into a PNG or SVG file, whole or not at all.

    Raises ValueError for a name of another kind, and where there is nothing to draw; OSError where the file can't be
    written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{path}: a chart is a .png or .svg file")
    span = table.span
    if span is None or not found.rounds:
        raise ValueError("there is nothing to draw: no request in what was read")
    with TemporaryDirectory(prefix=".signoff-", dir=path.parent) as folder:
        drawn = Path(folder) / f"chart{path.suffix.lower()}"
        _picture(table, found, criteria, span).save(drawn, scale_factor=2 if drawn.suffix == ".png" else 1)
        drawn.replace(path)


def _picture(
    table: WindowTable, found: Backtest, criteria: Sequence[RollbackCriterion], span: tuple[datetime, datetime]
) -> altair.VConcatChart:
    axis = altair.X(
        "start:T",
        title=None,
        axis=altair.Axis(format="%d %b %H:%M", labelOverlap=True, tickCount=8),
        scale=altair.Scale(domain=[_written(span[0]), _written(span[1])], type="utc"),
    )
    rate = (
        altair.Chart(altair.InlineData(values=_rates(table)), width=_WIDTH, height=150)
        .mark_line(interpolate="step-after", color="#cc3311")
        .encode(x=axis, y=altair.Y("rate:Q", title="error rate", axis=altair.Axis(format="%")))
    )
    names = [criterion.id for criterion in criteria]
    states = (
        altair.Chart(altair.InlineData(values=_stretches(found, names, span)), width=_WIDTH, height=26 * len(names))
        .mark_bar(height=16)
        .encode(
            x=axis,
            x2="end:T",
            y=altair.Y("criterion:N", title=None, sort=names, axis=altair.Axis(labelLimit=200)),
            color=altair.Color(
                "state:N", title=None, scale=altair.Scale(domain=list(_STATES), range=list(_STATES.values()))
            ),
        )
    )
    first = found.first_rollback_at
    said = f"ROLLBACK first at {first:%Y-%m-%d %H:%M} UTC" if first else "no ROLLBACK"
    composed: altair.VConcatChart = (
        altair.vconcat(rate, states, spacing=14)
        .properties(title=altair.Title(f"{found.rounds} rounds: {said}", anchor="start", offset=12))
        .configure(font="sans-serif", background="white")
    )
    return composed


def _rates(table: WindowTable) -> list[dict[str, Any]]:
    """The error rate a stretch of windows, as many as a picture can show; a stretch without requests is a gap."""
    windows = list(table.by_window.items())
    step = -(-len(windows) // _POINTS)
    rows = []
    for place in range(0, len(windows), step):
        group = windows[place : place + step]
        failed = sum(sums.errors for _, sums in group)
        requests = sum(sums.requests for _, sums in group)
        start = datetime.fromtimestamp(group[0][0], UTC)
        rows.append({"start": _written(start), "rate": failed / requests if requests else None})
    return rows


def _stretches(found: Backtest, names: Sequence[str], span: tuple[datetime, datetime]) -> list[dict[str, Any]]:
    rows = []
    for name in names:
        start, state = span[0], "unknown"
        for change in found.transitions:
            if change.criterion == name:
                rows.append(_stretch(name, state, start, change.at))
                start, state = change.at, change.after
        rows.append(_stretch(name, state, start, span[1]))
    return [row for row in rows if row["start"] < row["end"]]


def _stretch(name: str, state: str, start: datetime, end: datetime) -> dict[str, Any]:
    return {"criterion": name, "state": state, "start": _written(start), "end": _written(end)}


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
