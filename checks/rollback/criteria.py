"""Where each rollback criterion stands: clear, breached or unknown (design §6). What can't be told is unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import gcd
from pathlib import Path

from checks.checklist import RollbackCriterion
from checks.metrics.errors import LogSourceError
from checks.metrics.log_format import FieldName
from checks.outcome import Criterion, Result, Status
from checks.planning import rows_of
from checks.rollback.decision import PARTS
from checks.rollback.measured import Seen, judged
from checks.rollback.timeline import Timeline

LONGEST_WINDOW_S = 60
"""A round looks at whole windows, so what is known is at most this old."""


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


def _recorded_as(criterion: RollbackCriterion, seen: Seen) -> Criterion:
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
        seen = Seen("breached", None, None, len(named), ended, f"failed: {', '.join(failed)}")
    elif unknown or not named:
        seen = Seen("unknown", None, None, len(named), None, f"not known to pass: {', '.join(unknown)}")
    else:
        seen = Seen("clear", None, None, len(named), None, f"all {len(named)} passed")
    return _recorded_as(criterion, seen)


def window_of(criteria: Sequence[RollbackCriterion]) -> int:
    """The windows' length in seconds that parts of spans and beginnings of logs are multiples of; at least one."""
    lengths = [criterion.for_ / PARTS for criterion in criteria if criterion.measure is not None]
    lengths += [criterion.baseline.first for criterion in criteria if criterion.baseline and criterion.baseline.first]
    return gcd(LONGEST_WINDOW_S, *(int(length) if length.is_integer() else 1 for length in lengths))


def told_apart_by(criteria: Sequence[RollbackCriterion]) -> FieldName | None:
    """The field by which requests are told apart for them: the size, where like is compared with like."""
    return "size" if any(criterion.baseline and criterion.baseline.first for criterion in criteria) else None


def of_measure(criterion: RollbackCriterion, timeline: Timeline, root: Path, now: datetime) -> Criterion:
    """Where a criterion of a measure stands at `now`, of the windows that were complete by then.

    `root` is the folder that a baseline's path starts at. Raises ValueError for a criterion without a measure.
    """
    return _recorded_as(criterion, judged(criterion, timeline, root, timeline.floor(now)))


def unknown(criterion: RollbackCriterion, reason: str) -> Criterion:
    """A criterion of which nothing can be known, and why."""
    return _recorded_as(criterion, Seen("unknown", None, None, 0, None, reason))
