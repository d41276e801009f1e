"""Measured figures in words: the table of metrics, and the figures of rollback criteria."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from checks.metrics.measures import MEASURES
from checks.outcome import Criterion, Result, RunRecord, Status
from reports import values

_NOT_MEASURED = frozenset({Status.NOT_SELECTED, Status.NOT_APPLICABLE, Status.SCHEDULED})


@dataclass(frozen=True)
class Figure:
    """One row of the table of metrics."""

    result: Result
    value: str
    interval: str
    samples: str
    windows: str
    synthetic: str
    trend: str


def figures_of(record: RunRecord) -> list[Figure]:
    """Every metric that was to be measured, also where nothing came of it."""
    return [
        _figure(result) for result in record.checks if result.kind == "metric" and result.status not in _NOT_MEASURED
    ]


def _figure(result: Result) -> Figure:
    seen = result.observed
    unit = str(seen.get("unit"))
    return Figure(
        result=result,
        value=values.worded(seen.get("value")),
        interval=_interval(seen.get("ci"), unit),
        samples=values.worded(seen.get("samples")),
        windows=_windows(seen.get("windows")),
        synthetic=values.worded(seen.get("synthetic")),
        trend=values.worded(seen.get("trend")),
    )


def _windows(windows: Any) -> str:
    """How many windows, and from when to when."""
    if not isinstance(windows, Sequence) or isinstance(windows, str) or not windows:
        return values.NOTHING
    starts = [values.worded(each[0]) for each in (windows[0], windows[-1]) if isinstance(each, Sequence) and each]
    return f"{len(windows)}, from {' to '.join(dict.fromkeys(starts))}"


def criterion_observed(criterion: Criterion) -> str:
    """The value of a criterion's measure, in its unit."""
    return _of_measure(criterion.observed, _unit(criterion))


def criterion_interval(criterion: Criterion) -> str:
    """The 95 % interval of a criterion's measure; it is for reading, the decision uses a stricter bound."""
    return _interval(criterion.ci, _unit(criterion))


def _unit(criterion: Criterion) -> str:
    measure = MEASURES.get(criterion.measure)
    return measure.unit if measure else "count"


def _interval(ci: Any, unit: str) -> str:
    if not isinstance(ci, Sequence) or isinstance(ci, str) or len(ci) != 2:
        return values.NOTHING
    return " to ".join(_of_measure(each, unit) for each in ci)


def _of_measure(value: Any, unit: str) -> str:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return values.worded(value)
    if unit == "rate":
        return values.share(value)
    if unit == "duration_ms":
        return values.span(value / 1000)
    return f"{values.number(value)}/s" if unit == "per_second" else values.number(value)
