"""What a criterion of degradation is compared with: the log's own beginning, or a value that was recorded."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

from checks.checklist import RollbackCriterion
from checks.metrics.measures import MEASURES
from checks.rollback.likeness import Estimate, Likeness, Stretch, compare, estimate
from checks.rollback.timeline import Timeline

BASELINE_MAX_BYTES = 1 << 16
LEAST_ALIKE = 0.5
"""The share of what there is now that must have its like in the baseline."""


class BaselineError(Exception):
    """There is nothing to compare with."""


class Baseline:
    """What a criterion's measure was, to compare stretches of a time line with.

    A file's path starts at `root`. Raises BaselineError where the baseline is empty, has fewer samples than the
    criterion asks for, or reaches into the span that ends at `until`: what is compared with itself leans towards
    clear.
    """

    def __init__(self, criterion: RollbackCriterion, timeline: Timeline, root: Path, until: datetime) -> None:
        if criterion.baseline is None or criterion.measure is None:
            raise ValueError(f"criterion {criterion.id} has no baseline")
        self._formula = MEASURES[criterion.measure].formula
        self._timeline = timeline
        self._recorded: float | None = None
        self._first = Stretch({}, 0.0)
        if criterion.baseline.file is not None:
            self._recorded = _recorded(root / criterion.baseline.file, criterion.measure)
        else:
            self._first = self._beginning(criterion, criterion.baseline.first or 0.0, until)

    def ratio(self, since: datetime, until: datetime, z: float) -> Estimate:
        """How many times the baseline a stretch is, with an interval of `z` standard errors to either side.

        Raises BaselineError where nothing, or less than half of what there is, can be compared.
        """
        now = Stretch(self._timeline.groups(since, until), (until - since).total_seconds())
        if self._recorded is None:
            found = compare(self._formula, self._first, now, z)
        else:
            here = estimate(self._formula, now, z)
            known = Estimate(self._recorded, self._recorded, self._recorded)
            found = Likeness(here.over(known) if here else None, 1.0)
        if found.compared < LEAST_ALIKE:
            raise BaselineError(f"only {found.compared:.0%} of what there is has its like, by size, in the baseline")
        if found.ratio is None:
            raise BaselineError("the baseline has no value above zero, or there is none to compare with it")
        return found.ratio

    def _beginning(self, criterion: RollbackCriterion, length_s: float, until: datetime) -> Stretch:
        first = self._timeline.first
        if first is None:
            raise BaselineError("the log has no request to take a baseline of")
        end = first + timedelta(seconds=length_s)
        if end > until - timedelta(seconds=criterion.for_):
            raise BaselineError("the log is not longer than the baseline and the span together")
        samples = self._timeline.reading(criterion.measure or "", first, end).samples
        if samples < criterion.min_samples:
            raise BaselineError(f"the baseline has {samples} samples; {criterion.min_samples} are needed")
        return Stretch(self._timeline.groups(first, end), length_s)


def _recorded(path: Path, measure: str) -> float:
    try:
        with path.open("rb") as stream:
            recorded = json.loads(stream.read(BASELINE_MAX_BYTES))
        value = recorded[measure]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < float(value) < float("inf"):
            raise BaselineError(f"the baseline of {measure} in {path.name} has no value above zero")
        return float(value)
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as cause:
        raise BaselineError(f"cannot read a baseline of {measure} from {path.name}: {cause!r}") from cause
