"""The trade-off whole: false rollbacks a service-day against median delay, each rule with its parameters swept.

Ours is swept over the evidence it asks for; Prometheus over its window and its `for`; Argo over its failureLimit;
Flagger over its threshold. False rollbacks are counted at a true rate of 8 %, just below the criterion's 10 %.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.benchmarks.decision_rules import NEVER, Rule, argo, flagger, ours, prometheus
from tests.benchmarks.simulated_services import BEFORE, healthy_days, incidents

SEED = 20260112
CHUNK = 500
TRUE_RATE = 0.08
CELLS = ((0.2, 0.2), (1, 0.15), (1, 0.2), (5, 0.15))
"""Requests a second, and the error rate of the incidents."""
EVIDENCES = (0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0)
WINDOWS = (1, 2, 5, 10, 20)
SPANS = (0, 2, 5, 10, 15, 20, 30)
LIMITS = (0, 2, 5, 10, 20, 30, 40)
THRESHOLDS = (2, 5, 10, 20, 30, 40)
SPAN = 5
"""The criterion's `for` in minutes: a rule that speaks sooner answers another question."""
LONGEST = 45
"""Minutes that the chart shows."""
COLOURS = {"ours": "#cc3311", "Prometheus": "#0077bb", "Argo": "#ee7733", "Flagger": "#228833"}


@dataclass(frozen=True)
class Point:
    """A rule with one choice of parameters: false rollbacks a service-day, median delay in minutes (inf: not found)."""

    rule: str
    parameters: str
    false: float
    delay: float


def _rules() -> dict[tuple[str, str], Rule]:
    return {
        **{("ours", f"{each:g} nats"): ours(each) for each in EVIDENCES},
        **{
            ("Prometheus", f"[{window}m] for {span}m"): prometheus(window, span) for window in WINDOWS for span in SPANS
        },
        **{("Argo", f"failureLimit {limit}"): argo(limit) for limit in LIMITS},
        **{("Flagger", f"threshold {limit}"): flagger(limit) for limit in THRESHOLDS},
    }


def points(per_second: float, errors: tuple[float, ...], days: int, services: int) -> dict[float, list[Point]]:
    """All rules with all their parameters, by the error rate of the incidents."""
    rules = _rules()
    random = np.random.default_rng([SEED, round(per_second * 1000)])
    said = dict.fromkeys(rules, 0)
    for start in range(0, days, CHUNK):
        minutes = healthy_days(random, min(CHUNK, days - start), per_second, TRUE_RATE)
        for name, rule in rules.items():
            said[name] += int((rule(minutes) != NEVER).sum())
    found: dict[float, list[Point]] = {}
    for error in errors:
        minutes = incidents(random, services, per_second, error, dip=False)
        found[error] = []
        for name, rule in rules.items():
            at = rule(minutes)
            delays = np.where(at == NEVER, np.inf, at - BEFORE + 1.0)[(at == NEVER) | (at >= BEFORE)]
            delay = float(np.median(delays)) if len(delays) else float("inf")
            found[error].append(Point(*name, said[name] / days, delay))
    return found


def below_ours(found: list[Point], days: int) -> list[Point]:
    """The others' points that no point of ours matches: as soon, and not wrong more often within three errors."""
    mine = [point for point in found if point.rule == "ours"]
    return [
        point
        for point in found
        if point.rule != "ours" and SPAN <= point.delay < float("inf")
        if not any(each.delay <= point.delay and each.false <= point.false + _error(each, point, days) for each in mine)
    ]


def _error(one: Point, other: Point, days: int) -> float:
    return 3 * float(np.sqrt((one.false * (1 - one.false) + other.false * (1 - other.false)) / days)) + 1 / days


def front(found: list[Point], rule: str) -> list[Point]:
    """A rule's curve: its points that no other of its points betters, the soonest first."""
    curve: list[Point] = []
    for point in sorted((each for each in found if each.rule == rule), key=lambda each: (each.delay, each.false)):
        if point.delay < float("inf") and (not curve or point.false < curve[-1].false):
            curve.append(point)
    return curve


def show(days: int, services: int, chart: Path | None) -> list[str]:
    """Print the curves as a table, draw them where a file is named, and return what lies below ours."""
    missed, cells = [], []
    lines = ["| requests/s | incident | rule | false rollbacks a day @ median delay in minutes |", "|---|---|---|---|"]
    for rate in dict.fromkeys(rate for rate, _ in CELLS):
        found = points(rate, tuple(error for each, error in CELLS if each == rate), days, services)
        for error, all_points in found.items():
            missed += [f"below ours at {rate, error}: {point}" for point in below_ours(all_points, days)]
            cells.append((f"{rate:g} requests/s, incidents of {error:.0%}", all_points))
            for rule in COLOURS:
                curve = ", ".join(f"{each.false:.4f} @ {each.delay:.0f}" for each in front(all_points, rule))
                lines.append(f"| {rate:g} | {error:.0%} | {rule} | {curve} |")
    sys.stdout.write("\n".join(lines) + "\n")
    if chart:
        draw(cells, days, chart)
    return missed


def draw(cells: list[tuple[str, list[Point]]], days: int, path: Path) -> None:
    """Draw a panel a cell; what never happened stands at half of one in all days."""
    import altair

    least = 0.5 / days
    scale = altair.Scale(domain=list(COLOURS), range=list(COLOURS.values()))
    panels = []
    for title, found in cells:
        curves = [_row(each, least) for rule in COLOURS for each in front(found, rule) if each.delay <= LONGEST]
        others = [_row(each, least) for each in found if each.delay < LONGEST]
        plot = altair.Chart(width=330, height=230, title=title).encode(
            x=altair.X("delay:Q", title="median delay, minutes", scale=altair.Scale(domain=[0, LONGEST])),
            y=altair.Y(
                "false:Q",
                title="false rollbacks a service-day",
                scale=altair.Scale(type="log", domain=[least, 1]),
                axis=altair.Axis(format="~g", values=[1, 0.1, 0.01, 0.001, 0.0001]),
            ),
            color=altair.Color("rule:N", title=None, scale=scale),
        )
        line, points_of_all = plot.mark_line(), plot.mark_point(filled=True, size=30, opacity=0.5)
        line.data, points_of_all.data = altair.InlineData(values=curves), altair.InlineData(values=others)
        panels.append(line + points_of_all)
    rows_of_two = [altair.hconcat(*panels[at : at + 2]) for at in range(0, len(panels), 2)]
    altair.vconcat(*rows_of_two).configure(font="sans-serif", background="white").save(path)


def _row(point: Point, least: float) -> dict[str, str | float]:
    return {"rule": point.rule, "false": max(point.false, least), "delay": point.delay}
