"""Where each rollback criterion stands: clear, breached or unknown (design §6).

A rate is breached when its lower bound over the whole `for` span is beyond the threshold, far stricter than chance
allows, and every part of the span is beyond it too, so that one burst is not enough. Too few requests are unknown.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from checks.checklist import DIMENSIONS, RollbackCriterion
from checks.expectation import Expectation
from checks.loading import Loaded
from checks.metrics.engine import read_windows
from checks.metrics.errors import LogSourceError
from checks.metrics.intervals import wilson
from checks.metrics.measures import MeasureValue
from checks.metrics.table import WindowTable
from checks.outcome import Criterion, CriterionState, Result, Status
from checks.planning import rows_of
from checks.target import Target
from checks.units import Dimension, Quantity

DECISION_Z = 4.0
"""At a true rate of 8 % and 0.5 requests/s, a 95 % bound above 10 % gives a false rollback on 93 % of service-days,
z = 4 on 0.2 % (reliability rules, statistics)."""
PARTS = 3
"""Into how many parts a span is cut; each must be beyond the threshold by itself."""
BASELINE_MAX_BYTES = 1 << 16


class _Seen(NamedTuple):
    state: CriterionState
    observed: float | None
    ci: tuple[float, float] | None
    samples: int
    since: datetime | None
    reason: str


def evaluate(loaded: Loaded, target: Target, results: Sequence[Result], now: datetime) -> tuple[Criterion, ...]:
    """Every criterion of the checklist, of the target's logs and of the run's own results."""
    by_id = {result.id: result for result in results}
    root = loaded.path.resolve().parent
    version = loaded.checklist.release.version
    return tuple(
        _of_checks(criterion, by_id) if criterion.any_fails else _of_measure(criterion, target, version, root, now)
        for criterion in loaded.checklist.rollback.criteria
    )


def _record(criterion: RollbackCriterion, expected: str, threshold: float | None, seen: _Seen) -> Criterion:
    return Criterion(
        id=criterion.id,
        title=criterion.title,
        covers=criterion.covers,
        state=seen.state,
        measure=criterion.measure or "checks",
        observed=seen.observed,
        ci=seen.ci,
        threshold=threshold,
        expected=expected,
        for_s=criterion.for_,
        samples=seen.samples,
        breached_since=seen.since,
        reason=seen.reason,
        runbook=criterion.runbook,
    )


def _of_checks(criterion: RollbackCriterion, results: Mapping[str, Result]) -> Criterion:
    named = [results[found] for name in criterion.any_fails for found in rows_of(name, results)]
    failed = [result.id for result in named if Status.FAIL in (result.status, result.raw_status)]
    unknown = [result.id for result in named if not result.status.meets_a_need and result.id not in failed]
    ended = max((result.started_at for result in named if result.started_at), default=None)
    expected = f"any of {', '.join(criterion.any_fails)} fails"
    if failed:
        seen = _Seen("breached", None, None, len(named), ended, f"failed: {', '.join(failed)}")
    elif unknown or not named:
        seen = _Seen("unknown", None, None, len(named), None, f"not known to pass: {', '.join(unknown)}")
    else:
        seen = _Seen("clear", None, None, len(named), None, f"all {len(named)} passed")
    return _record(criterion, expected, None, seen)


def _of_measure(criterion: RollbackCriterion, target: Target, version: str, root: Path, now: datetime) -> Criterion:
    breach = criterion.breach
    if breach is None or criterion.measure is None:
        raise ValueError(f"criterion {criterion.id} has no measure")
    threshold = breach.quantities[0].value if breach.quantities else None
    span = timedelta(seconds=criterion.for_)
    try:
        table = read_windows(
            target.logs.paths,
            log_format=target.logs.format,
            until=now,
            window_s=max(1, int(criterion.for_ / (PARTS * 4))),
            versions=frozenset({version}),
        )
        seen = _judge(criterion, criterion.measure, breach, threshold, table, now - span, now, root)
    except (LogSourceError, BaselineError) as cause:
        seen = _Seen("unknown", None, None, 0, None, str(cause))
    expected = f"{criterion.measure} {breach}" + (" of the baseline" if criterion.baseline else "")
    return _record(criterion, expected, threshold, seen)


def _judge(
    criterion: RollbackCriterion,
    measure: str,
    breach: Expectation,
    threshold: float | None,
    table: WindowTable,
    since: datetime,
    until: datetime,
    root: Path,
) -> _Seen:
    span = table.slice(since, until)
    whole = span.measure(measure)
    if whole.value is None:
        return _Seen("unknown", None, None, whole.samples, None, whole.reason_if_unknown or "no value")
    if whole.samples < criterion.min_samples:
        reason = f"{whole.samples} samples in the span; {criterion.min_samples} are needed"
        return _Seen("unknown", whole.value, whole.ci, whole.samples, None, reason)
    baseline = _baseline(criterion, measure, table, root)

    def is_beyond(value: float | None) -> bool:
        return value is not None and breach.check(_quantity(value, whole, baseline)).holds is True

    shown = _shown(_quantity(whole.value, whole, baseline))
    judged = breach.check(_quantity(whole.value, whole, baseline))
    if judged.holds is None:
        return _Seen("unknown", whole.value, whole.ci, whole.samples, None, judged.reason)
    parts = [span.slice(*edges).measure(measure).value for edges in _parts(since, until)]
    if None in parts:
        reason = f"{shown}, but part {parts.index(None) + 1} of {PARTS} of the span has nothing to judge by"
        return _Seen("unknown", whole.value, whole.ci, whole.samples, None, reason)
    if not judged.holds:
        return _Seen("clear", whole.value, whole.ci, whole.samples, None, f"{shown} in {whole.samples} requests")
    if not all(is_beyond(part) for part in parts):
        reason = f"{shown} over the span, but not in every part of it: a burst, or too little to tell"
        return _Seen("unknown", whole.value, whole.ci, whole.samples, None, reason)
    if not all(is_beyond(bound) for bound in _decision_bounds(whole)):
        reason = f"{shown}, which chance alone could give on the threshold's other side in {whole.samples} requests"
        return _Seen("unknown", whole.value, whole.ci, whole.samples, None, reason)
    return _Seen("breached", whole.value, whole.ci, whole.samples, since, f"{shown} in {whole.samples} requests")


def _decision_bounds(whole: MeasureValue) -> tuple[float, ...]:
    """Both bounds of a rate that have to be beyond the threshold; none of what is no rate."""
    if whole.unit != "rate" or whole.value is None:
        return ()
    return wilson(round(whole.value * whole.samples), whole.samples, DECISION_Z) or ()


def _quantity(value: float, whole: MeasureValue, baseline: float | None) -> Quantity:
    if baseline is not None:
        return Quantity(value / baseline, Dimension.RATIO)
    return Quantity(value / 1000 if whole.unit == "duration_ms" else value, DIMENSIONS[whole.unit])


def _shown(quantity: Quantity) -> str:
    """A quantity for a reason: four digits are enough to read."""
    return str(Quantity(float(f"{quantity.value:.4g}"), quantity.dimension))


def _parts(since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    step = (until - since) / PARTS
    return [(since + step * number, since + step * (number + 1)) for number in range(PARTS)]


class BaselineError(Exception):
    """There is nothing to compare with."""


def _baseline(criterion: RollbackCriterion, measure: str, table: WindowTable, root: Path) -> float | None:
    """The value to compare with; None where the criterion has no baseline. Raises BaselineError where it is empty."""
    if criterion.baseline is None:
        return None
    if criterion.baseline.file is not None:
        value = _recorded(root / criterion.baseline.file, measure)
    else:
        span = table.span
        if span is None:
            raise BaselineError("the log has no request to take a baseline of")
        first, end = span[0], span[0] + timedelta(seconds=criterion.baseline.first or 0)
        if end > span[1] - timedelta(seconds=criterion.for_):
            raise BaselineError("the log is not longer than the baseline and the span together")
        before = table.slice(first, end).measure(measure)
        if before.samples < criterion.min_samples:
            raise BaselineError(f"the baseline has {before.samples} samples; {criterion.min_samples} are needed")
        value = before.value
    if value is None or not 0 < value < math.inf:
        raise BaselineError("the baseline has no value above zero")
    return value


def _recorded(path: Path, measure: str) -> float | None:
    try:
        with path.open("rb") as stream:
            recorded = json.loads(stream.read(BASELINE_MAX_BYTES))
        value = recorded[measure]
        return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as cause:
        raise BaselineError(f"cannot read a baseline of {measure} from {path.name}: {cause!r}") from cause
