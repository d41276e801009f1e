"""How a criterion stood from the start of the data up to now: for a timeline that people read."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from checks.checklist import RollbackCriterion
from checks.outcome import Criterion, StateChange
from checks.rollback.criteria import of_measure
from checks.rollback.timeline import Timeline

MOST_ROUNDS = 120
"""How often a criterion is asked over the whole of the data; a page is not wide enough to show more."""


def with_history(
    criterion: RollbackCriterion, now_stands: Criterion, timeline: Timeline, root: Path, now: datetime
) -> Criterion:
    """The criterion as it stands, with its changes of state since the first request.

    Each round sees only what lies before it; the last is the decision itself. A criterion of checks has no history.
    """
    if criterion.measure is None or timeline.first is None or timeline.first >= now:
        return now_stands
    step = (now - timeline.first) / MOST_ROUNDS
    step = max(step, timedelta(seconds=timeline.table.window_s))
    changes: list[StateChange] = []
    at = timeline.first + step
    while at < now:
        _add(changes, at, of_measure(criterion, timeline, root, at))
        at += step
    _add(changes, now, now_stands)
    return now_stands.model_copy(update={"history": (StateChange(at=timeline.first, state="unknown"), *changes)})


def _add(changes: list[StateChange], at: datetime, found: Criterion) -> None:
    before = changes[-1].state if changes else "unknown"
    if found.state != before:
        changes.append(StateChange(at=at, state=found.state))
