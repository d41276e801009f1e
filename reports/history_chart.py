"""The history of runs as a picture: how long each took and what it said, and below it the checks that are flaky."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import altair

from reports.history import History

SUFFIXES = (".png", ".svg")
"""The kinds of picture that can be drawn."""
MOST_CHECKS = 20
MOST_RUNS = 200

_WIDTH, _BARS, _ROW = 860, 160, 18
_VERDICTS = {"GO": "#228833", "HOLD": "#ddaa33", "NO-GO": "#cc3311"}
_STATUSES = {"pass": "#228833", "warn": "#ddaa33", "fail": "#cc3311", "no_data": "#bbbbbb", "error": "#aa3377"}


def draw(history: History, path: Path) -> None:
    """Draw a history into a PNG or SVG file, whole or not at all.

    Raises ValueError for a name of another kind, and where there is no run to draw; OSError where the file can't be
    written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{path}: a chart is a .png or .svg file")
    if not history.runs:
        raise ValueError("there is nothing to draw: no run could be read")
    with TemporaryDirectory(prefix=".signoff-", dir=path.parent) as folder:
        drawn = Path(folder) / f"chart{path.suffix.lower()}"
        _picture(history).save(drawn, scale_factor=2 if drawn.suffix == ".png" else 1)
        drawn.replace(path)


def _picture(history: History) -> altair.VConcatChart:
    runs = history.runs[-MOST_RUNS:]
    order = [each.run_id for each in runs]
    axis = altair.X("run:N", title=None, sort=order, axis=altair.Axis(labels=len(order) <= 30, labelAngle=-60))
    rows = [{"run": each.run_id, "minutes": each.duration_s / 60, "verdict": each.verdict.value} for each in runs]
    bars = (
        altair.Chart(altair.InlineData(values=rows), width=_WIDTH, height=_BARS)
        .mark_bar()
        .encode(x=axis, y=altair.Y("minutes:Q", title="minutes"), color=_coloured("verdict", _VERDICTS))
    )
    panels = [bars, *_checks(history, order, axis)]
    said = f"{len(history.runs)} runs, {runs[0].started_at:%Y-%m-%d} to {runs[-1].started_at:%Y-%m-%d} UTC"
    composed: altair.VConcatChart = (
        altair.vconcat(*panels, spacing=14)
        .resolve_scale(color="independent")
        .properties(title=altair.Title(said, anchor="start", offset=12))
        .configure(font="sans-serif", background="white")
    )
    return composed


def _checks(history: History, order: list[str], axis: altair.X) -> list[altair.Chart]:
    flaky = history.flaky[:MOST_CHECKS]
    rows: list[dict[str, Any]] = [
        {"run": sight.run_id, "check": check.id, "status": sight.status.value}
        for check in flaky
        for sight in check.sights
        if sight.run_id in order
    ]
    if not rows:
        return []
    names = [each.id for each in flaky]
    cells = altair.Chart(altair.InlineData(values=rows), width=_WIDTH, height=_ROW * len(names)).mark_rect()
    y = altair.Y("check:N", title="flaky checks", sort=names, axis=altair.Axis(labelLimit=200))
    return [cells.encode(x=axis, y=y, color=_coloured("status", _STATUSES))]


def _coloured(field: str, colours: dict[str, str]) -> altair.Color:
    scale = altair.Scale(domain=list(colours), range=list(colours.values()))
    return altair.Color(f"{field}:N", title=None, scale=scale)
