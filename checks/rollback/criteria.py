"""Where each rollback criterion stands: clear, breached or unknown (design §6).

Rates are decided by `checks.rollback.decision`. Other measures, and those compared with a baseline, are breached when
they are beyond the threshold over the whole span and in each of its parts. What can't be told is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import gcd
from pathlib import Path
from typing import NamedTuple

from checks.checklist import DIMENSIONS, RollbackCriterion
from checks.expectation import Expectation
from checks.metrics.errors import LogSourceError
from checks.metrics.intervals import wilson
from checks.metrics.measures import MEASURES, Rate, Unit
from checks.outcome import Criterion, CriterionState, Result, Status
from checks.planning import rows_of
from checks.rollback.baseline import BaselineError, baseline_of
from checks.rollback.decision import PARTS, SCALES, decide, missing
from checks.rollback.timeline import Timeline, parts_before
from checks.units import Dimension, Quantity

LONGEST_WINDOW_S = 60
"""A round looks at whole windows, so what is known is at most this old."""


class _Seen(NamedTuple):
    state: CriterionState
    observed: float | None
    ci: tuple[float, float] | None
    samples: int
    since: datetime | None
    reason: str


def state_of(
    criterion: RollbackCriterion,
    source: Timeline | LogSourceError,
    results: Mapping[str, Result] | str,
    root: Path,
    at: datetime,
) -> Criterion:
    """Where a criterion stands at a moment.

    `source` is what was read, or why nothing could be; `results` are those of the criteria's checks by id, or why they
    weren't run. A baseline's path starts at `root`.
    """
    if criterion.any_fails:
        return unknown(criterion, results) if isinstance(results, str) else of_checks(criterion, results)
    if isinstance(source, LogSourceError):
        return unknown(criterion, str(source))
    return of_measure(criterion, source, root, at)


def _recorded_as(criterion: RollbackCriterion, seen: _Seen) -> Criterion:
    if criterion.any_fails:
        expected = f"any of {', '.join(criterion.any_fails)} fails"
    else:
        expected = f"{criterion.measure} {criterion.breach}" + (" of the baseline" if criterion.baseline else "")
    quantities = criterion.breach.quantities if criterion.breach else ()
    return Criterion(
        id=criterion.id,
        title=criterion.title,
        covers=criterion.covers,
        state=seen.state,
        measure=criterion.measure or "checks",
        observed=seen.observed,
        ci=seen.ci,
        threshold=quantities[0].value if quantities else None,
        expected=expected,
        for_s=criterion.for_,
        samples=seen.samples,
        breached_since=seen.since,
        reason=seen.reason,
        runbook=criterion.runbook,
        severity=criterion.severity,
    )


def of_checks(criterion: RollbackCriterion, results: Mapping[str, Result]) -> Criterion:
    """Where a criterion of checks stands, by their results; a failure that was softened counts as one."""
    named = [results[found] for name in criterion.any_fails for found in rows_of(name, results)]
    failed = [result.id for result in named if Status.FAIL in (result.status, result.raw_status)]
    unknown = [result.id for result in named if not result.status.meets_a_need and result.id not in failed]
    ended = max((result.started_at for result in named if result.started_at), default=None)
    if failed:
        seen = _Seen("breached", None, None, len(named), ended, f"failed: {', '.join(failed)}")
    elif unknown or not named:
        seen = _Seen("unknown", None, None, len(named), None, f"not known to pass: {', '.join(unknown)}")
    else:
        seen = _Seen("clear", None, None, len(named), None, f"all {len(named)} passed")
    return _recorded_as(criterion, seen)


def window_of(criteria: Sequence[RollbackCriterion]) -> int:
    """The windows' length in seconds that parts of spans and beginnings of logs are multiples of; at least one."""
    lengths = [criterion.for_ / PARTS for criterion in criteria if criterion.measure is not None]
    lengths += [criterion.baseline.first for criterion in criteria if criterion.baseline and criterion.baseline.first]
    return gcd(LONGEST_WINDOW_S, *(int(length) if length.is_integer() else 1 for length in lengths))


def of_measure(criterion: RollbackCriterion, timeline: Timeline, root: Path, now: datetime) -> Criterion:
    """Where a criterion of a measure stands at `now`, of the windows that were complete by then.

    `root` is the folder that a baseline's path starts at. Raises ValueError for a criterion without a measure.
    """
    until = timeline.floor(now)
    try:
        seen = _judged(_question(criterion, timeline, root, until), timeline, until)
    except BaselineError as cause:
        seen = _Seen("unknown", None, None, 0, None, str(cause))
    return _recorded_as(criterion, seen)


def unknown(criterion: RollbackCriterion, reason: str) -> Criterion:
    """A criterion of which nothing can be known, and why."""
    return _recorded_as(criterion, _Seen("unknown", None, None, 0, None, reason))


class _Question(NamedTuple):
    """A criterion with what it is compared with."""

    measure: str
    breach: Expectation
    span_s: float
    min_samples: int
    baseline: float | None

    @property
    def unit(self) -> Unit:
        return MEASURES[self.measure].unit

    def quantity(self, value: float) -> Quantity:
        """What `breach` is asked of: the value, or its ratio to the baseline."""
        if self.baseline is not None:
            return Quantity(value / self.baseline, Dimension.RATIO)
        return Quantity(value / 1000 if self.unit == "duration_ms" else value, DIMENSIONS[self.unit])

    def is_beyond(self, value: float | None) -> bool:
        """Whether a value is a breach; what is unknown is none."""
        return value is not None and self.breach.check(self.quantity(value)).holds is True

    def shown(self, value: float) -> str:
        """A value for a reason: four digits are enough to read."""
        quantity = self.quantity(value)
        return str(Quantity(float(f"{quantity.value:.4g}"), quantity.dimension))


def _question(criterion: RollbackCriterion, timeline: Timeline, root: Path, until: datetime) -> _Question:
    if criterion.breach is None or criterion.measure is None:
        raise ValueError(f"criterion {criterion.id} has no measure")
    baseline = baseline_of(criterion, timeline, root, until)
    return _Question(criterion.measure, criterion.breach, criterion.for_, criterion.min_samples, baseline)


def _judged(question: _Question, timeline: Timeline, until: datetime) -> _Seen:
    span = timedelta(seconds=question.span_s)
    whole = timeline.reading(question.measure, until - span, until)
    reason = timeline.table.why_unknown(question.measure)
    if reason:
        return _Seen("unknown", None, None, whole.samples, None, reason)
    formula = MEASURES[question.measure].formula
    if isinstance(formula, Rate) and question.baseline is None:
        return _judged_rate(question, formula, timeline, until)
    if whole.value is None or whole.samples < question.min_samples:
        reason = f"{whole.samples} samples in the span; {question.min_samples} are needed"
        return _Seen("unknown", whole.value, whole.interval, whole.samples, None, reason)
    shown = question.shown(whole.value)
    judged = question.breach.check(question.quantity(whole.value))
    edges = parts_before(until, question.span_s, 1)
    parts = [timeline.reading(question.measure, *edge).value for edge in edges]
    absent = missing([part is not None for part in parts])
    if judged.holds is None or absent:
        reason = f"{shown}, but {absent}" if absent else judged.reason
        return _Seen("unknown", whole.value, whole.interval, whole.samples, None, reason)
    if not judged.holds:
        return _Seen("clear", whole.value, whole.interval, whole.samples, None, f"{shown} in {whole.samples} requests")
    if not all(question.is_beyond(part) for part in parts if part is not None):
        reason = f"{shown} over the span, but not in every part of it: a burst, or too little to tell"
        return _Seen("unknown", whole.value, whole.interval, whole.samples, None, reason)
    return _Seen(
        "breached", whole.value, whole.interval, whole.samples, until - span, f"{shown} in {whole.samples} requests"
    )


def _judged_rate(question: _Question, formula: Rate, timeline: Timeline, until: datetime) -> _Seen:
    parts = [timeline.count(formula, *edges) for edges in parts_before(until, question.span_s, max(SCALES))]
    thresholds = [quantity.value for quantity in question.breach.quantities] or [0.0]
    decision = decide(parts, thresholds, question.is_beyond, question.min_samples)
    part, samples = decision.window
    if not samples:
        return _Seen("unknown", None, None, 0, None, decision.reason)
    rate, interval = part / samples, wilson(part, samples)
    length = decision.scale * timedelta(seconds=question.span_s)
    found = (
        f"{question.shown(rate)} in {samples} requests of the last {Quantity(length.total_seconds(), Dimension.TIME)}"
    )
    reason = f"{found}, {decision.reason}" if decision.reason else found
    since = until - length if decision.state == "breached" else None
    return _Seen(decision.state, rate, interval, samples, since, reason)
