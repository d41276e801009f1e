"""How long until a criterion is breached, if what the newest part of its span shows goes on."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from checks.checklist import RollbackCriterion
from checks.metrics.measures import Rate
from checks.rollback.baseline import Baseline, BaselineError
from checks.rollback.decision import PARTS, SCALES, decide
from checks.rollback.measured import Question
from checks.rollback.timeline import Timeline, parts_before


def breach_in(criterion: RollbackCriterion, timeline: Timeline, root: Path, at: datetime) -> timedelta | None:
    """How long until then, in whole parts of the span, or None where what is newest would not lead to it."""
    if criterion.measure is None:
        return None
    question, until = Question(criterion, timeline), timeline.floor(at)
    step = question.span / PARTS
    formula = question.measure.formula
    if isinstance(formula, Rate) and not question.has_baseline:
        counts = question.counts(formula, until)
        thresholds = [quantity.value for quantity in question.breach.quantities] or [0.0]
        for more in range(PARTS * max(SCALES) + 1):
            parts = [*counts, *counts[-1:] * more]
            if decide(parts, thresholds, question.is_beyond, question.min_samples).state == "breached":
                return more * step
        return None
    try:
        beyond = _parts_beyond(question, criterion, root, until)
    except BaselineError:
        return None
    return (PARTS - beyond) * step if beyond else None


def _parts_beyond(question: Question, criterion: RollbackCriterion, root: Path, until: datetime) -> int:
    """How many parts in a row, up to the newest, are beyond the threshold."""
    baseline = Baseline(criterion, question.timeline, root, until) if question.has_baseline else None
    found = 0
    for since, end in reversed(list(parts_before(until, question.span.total_seconds(), 1))):
        value = question.timeline.reading(question.measure.name, since, end).value
        if value is not None and baseline is not None:
            value = baseline.ratio(since, end, 1.0).value
        if not question.is_beyond(value):
            break
        found += 1
    return found
