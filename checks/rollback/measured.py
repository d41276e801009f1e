"""What a measure says of a criterion at a moment.

Rates are decided by `checks.rollback.decision`. Other measures are breached when they are beyond the threshold over the
whole span and in each of its parts; one that is compared with a baseline also by more than chance: both ends of the
ratio's interval, of as many standard errors as a rate's evidence amounts to, have to be beyond.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import sqrt
from pathlib import Path
from typing import NamedTuple

from checks.checklist import DIMENSIONS, RollbackCriterion
from checks.metrics.intervals import Z_95, wilson
from checks.metrics.measures import MEASURES, Rate
from checks.outcome import CriterionState
from checks.rollback.baseline import Baseline, BaselineError
from checks.rollback.decision import EVIDENCE, SCALES, Count, decide, missing
from checks.rollback.timeline import Timeline, parts_before
from checks.units import Dimension, Quantity

SURE_Z = sqrt(2 * EVIDENCE)
"""Standard errors that say as much as EVIDENCE nats: the normal tail beyond z falls as e^(-z²/2)."""


class Seen(NamedTuple):
    """Where a criterion stands, and what by; `observed` and `ci` are in the measure's own unit."""

    state: CriterionState
    observed: float | None
    ci: tuple[float, float] | None
    samples: int
    since: datetime | None
    reason: str


class Question:
    """A criterion's measure over a time line, and whether a value of it is a breach."""

    def __init__(self, criterion: RollbackCriterion, timeline: Timeline) -> None:
        if criterion.breach is None or criterion.measure is None:
            raise ValueError(f"criterion {criterion.id} has no measure")
        self.breach = criterion.breach
        self.measure = MEASURES[criterion.measure]
        self.min_samples = criterion.min_samples
        self.span = timedelta(seconds=criterion.for_)
        self.has_baseline = criterion.baseline is not None
        self.timeline = timeline

    def quantity(self, value: float) -> Quantity:
        """What `breach` is asked of: the value in its unit, or its ratio to the baseline."""
        if self.has_baseline:
            return Quantity(value, Dimension.RATIO)
        return Quantity(value / 1000 if self.measure.unit == "duration_ms" else value, DIMENSIONS[self.measure.unit])

    def is_beyond(self, value: float | None) -> bool:
        """Whether a value is a breach; what is unknown is none."""
        return value is not None and self.breach.check(self.quantity(value)).holds is True

    def shown(self, value: float) -> str:
        """A value for a reason: four digits are enough to read."""
        quantity = self.quantity(value)
        return str(Quantity(float(f"{quantity.value:.4g}"), quantity.dimension))

    def counts(self, formula: Rate, until: datetime) -> list[Count]:
        """The counts of a rate that the decision looks at, the oldest first."""
        edges = parts_before(until, self.span.total_seconds(), max(SCALES))
        return [self.timeline.count(formula, *each) for each in edges]


def judged(criterion: RollbackCriterion, timeline: Timeline, root: Path, until: datetime) -> Seen:
    """What the windows before `until` say; a baseline's path starts at `root`.

    Raises ValueError for a criterion without a measure.
    """
    question = Question(criterion, timeline)
    whole = timeline.reading(question.measure.name, until - question.span, until)
    reason = timeline.table.why_unknown(question.measure.name)
    step = timeline.table.clock_step_in(until - question.span, until)
    if step and not reason:
        reason = f"the clock went back from {step.after:%H:%M:%S} to {step.to:%H:%M:%S} (UTC) within the span"
    if reason:
        return Seen("unknown", None, None, whole.samples, None, reason)
    formula = question.measure.formula
    if isinstance(formula, Rate) and not question.has_baseline:
        return _of_rate(question, formula, until)
    if whole.value is None or whole.samples < question.min_samples:
        reason = f"{whole.samples} samples in the span; {question.min_samples} are needed"
        return Seen("unknown", whole.value, whole.interval, whole.samples, None, reason)
    try:
        state, reason = _throughout(question, criterion, root, until)
    except BaselineError as cause:
        state, reason = "unknown", str(cause)
    since = until - question.span if state == "breached" else None
    return Seen(state, whole.value, whole.interval, whole.samples, since, reason)


def _of_rate(question: Question, formula: Rate, until: datetime) -> Seen:
    thresholds = [quantity.value for quantity in question.breach.quantities] or [0.0]
    decision = decide(question.counts(formula, until), thresholds, question.is_beyond, question.min_samples)
    part, samples = decision.window
    if not samples:
        return Seen("unknown", None, None, 0, None, decision.reason)
    rate, interval = part / samples, wilson(part, samples)
    length = decision.scale * question.span
    found = (
        f"{question.shown(rate)} in {samples} requests of the last {Quantity(length.total_seconds(), Dimension.TIME)}"
    )
    reason = f"{found}, {decision.reason}" if decision.reason else found
    since = until - length if decision.state == "breached" else None
    return Seen(decision.state, rate, interval, samples, since, reason)


def _throughout(
    question: Question, criterion: RollbackCriterion, root: Path, until: datetime
) -> tuple[CriterionState, str]:
    """The state by the whole span and by each of its parts; raises BaselineError where nothing can be compared."""
    begin, name = until - question.span, question.measure.name
    samples = question.timeline.reading(name, begin, until).samples
    baseline = Baseline(criterion, question.timeline, root, until) if question.has_baseline else None
    found = f"{_described(question, baseline, begin, until)} in {samples} requests"
    absent = missing([question.timeline.reading(name, *edges).value is not None for edges in _edges(question, until)])
    if absent:
        return "unknown", f"{found}, but {absent}"
    value = _value(question, baseline, begin, until)
    if value is None or not question.is_beyond(value):
        return "clear", found
    parts = [_value(question, baseline, *edges) for edges in _edges(question, until)]
    if not all(question.is_beyond(part) for part in parts if part is not None):
        return "unknown", f"{found}, but not in every part of it: a burst, or too little to tell"
    if baseline is not None:
        sure = baseline.ratio(begin, until, SURE_Z)
        if not (question.is_beyond(sure.low) and question.is_beyond(sure.high)):
            return "unknown", f"{found}, which chance alone could give on the threshold's other side"
    return "breached", found


def _edges(question: Question, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    yield from parts_before(until, question.span / timedelta(seconds=1), 1)


def _value(question: Question, baseline: Baseline | None, since: datetime, until: datetime) -> float | None:
    value = question.timeline.reading(question.measure.name, since, until).value
    if baseline is None or value is None:
        return value
    return baseline.ratio(since, until, Z_95).value


def _described(question: Question, baseline: Baseline | None, since: datetime, until: datetime) -> str:
    if baseline is None:
        return question.shown(question.timeline.reading(question.measure.name, since, until).value or 0.0)
    ratio = baseline.ratio(since, until, Z_95)
    ends = f"{question.shown(ratio.low)} to {question.shown(ratio.high)}"
    return f"{question.shown(ratio.value)} of the baseline (95 % interval {ends})"
