"""What a criterion of degradation is compared with: the log's own beginning, or a value that was recorded."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from pathlib import Path

from checks.checklist import RollbackCriterion
from checks.rollback.timeline import Timeline

BASELINE_MAX_BYTES = 1 << 16


class BaselineError(Exception):
    """There is nothing to compare with."""


def baseline_of(criterion: RollbackCriterion, timeline: Timeline, root: Path, until: datetime) -> float | None:
    """The value to compare with, in the measure's unit; None where the criterion has no baseline.

    A file's path starts at `root`. Raises BaselineError where it is empty, has fewer samples than the criterion asks
    for, or reaches into the span that ends at `until`: what is compared with itself leans towards clear.
    """
    if criterion.baseline is None or criterion.measure is None:
        return None
    if criterion.baseline.file is not None:
        value = _recorded(root / criterion.baseline.file, criterion.measure)
    else:
        first = timeline.first
        if first is None:
            raise BaselineError("the log has no request to take a baseline of")
        end = first + timedelta(seconds=criterion.baseline.first or 0)
        if end > until - timedelta(seconds=criterion.for_):
            raise BaselineError("the log is not longer than the baseline and the span together")
        before = timeline.reading(criterion.measure, first, end)
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
