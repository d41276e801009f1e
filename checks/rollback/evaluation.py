"""The criteria at the end of a run: where each stands, and how it came there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from checks.checklist import RollbackCriterion
from checks.loading import Loaded
from checks.metrics.errors import LogSourceError
from checks.metrics.gathering import gather
from checks.outcome import Criterion, Result
from checks.rollback.criteria import state_of, told_apart_by, window_of
from checks.rollback.history import with_history
from checks.rollback.timeline import Timeline
from checks.target import Target


def evaluate(loaded: Loaded, target: Target, results: Sequence[Result], now: datetime) -> tuple[Criterion, ...]:
    """Every criterion of the checklist, of the target's logs and of the run's own results, and how it came there."""
    criteria = loaded.checklist.rollback.criteria
    by_id = {result.id: result for result in results}
    root = loaded.path.resolve().parent
    timeline: Timeline | LogSourceError
    try:
        timeline = Timeline(
            gather(
                target.logs.paths,
                log_format=target.logs.format,
                until=now,
                window_s=window_of(criteria),
                by=told_apart_by(criteria),
                versions=frozenset({loaded.checklist.release.version}),
                now=now,
            )
        )
    except LogSourceError as cause:
        timeline = cause
    return tuple(_evaluated(criterion, timeline, by_id, root, now) for criterion in criteria)


def _evaluated(
    criterion: RollbackCriterion,
    source: Timeline | LogSourceError,
    results: Mapping[str, Result],
    root: Path,
    now: datetime,
) -> Criterion:
    found = state_of(criterion, source, results, root, now)
    return found if isinstance(source, LogSourceError) else with_history(criterion, found, source, root, now)
