"""How long until a breach, if what is newest goes on: in the words of the decision itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checks.checklist import RollbackCriterion
from checks.metrics.histogram import Histogram
from checks.metrics.table import WindowTable
from checks.metrics.windows import Sums, WindowKey
from checks.rollback.criteria import of_measure
from checks.rollback.projection import breach_in
from checks.rollback.timeline import Timeline

START = datetime(2026, 1, 11, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ERRORS = RollbackCriterion.model_validate(
    {"id": "e", "title": "E", "measure": "errors.rate", "breach": {"above": "10%"}, "for": "5m"}
)
SLOW = {"id": "s", "title": "S", "measure": "latency.generated.p50", "breach": {"above": "1s"}, "for": "5m"}
DEGRADED = {**SLOW, "breach": {"above": "150%"}, "baseline": {"first": "5m"}}


def timeline(minutes: list[Sums]) -> Timeline:
    start = int(START.timestamp())
    return Timeline(WindowTable(60, {WindowKey(start + 60 * place): sums for place, sums in enumerate(minutes)}))


def rates(*percents: int) -> Timeline:
    return timeline([Sums(requests=600, errors=6 * percent) for percent in percents])


def durations(*seconds: float) -> Timeline:
    return timeline([Sums(requests=60, generated=Histogram.of(*[round(each * 1e6)] * 60)) for each in seconds])


def left(criterion: RollbackCriterion, line: Timeline, minutes: int) -> timedelta | None:
    return breach_in(criterion, line, Path(), START + minutes * MINUTE)


@pytest.mark.parametrize(
    ("percents", "minutes"),
    [([1] * 10, None), ([1] * 9 + [30], 4), ([1] * 8 + [30] * 2, 3), ([1] * 6 + [30] * 4, 1), ([1] * 5 + [30] * 5, 0)],
)
def test_a_rate_that_goes_on_is_breached_when_the_projection_says(percents: list[int], minutes: int | None) -> None:
    expected = None if minutes is None else minutes * MINUTE
    assert left(ERRORS, rates(*percents), len(percents)) == expected
    if minutes is not None:
        line = rates(*percents, *percents[-1:] * minutes)
        states = [of_measure(ERRORS, line, Path(), START + at * MINUTE).state for at in range(10, 11 + minutes)]
        assert (states.index("breached") if "breached" in states else None) == minutes


def test_a_burst_that_is_over_leads_nowhere() -> None:
    assert left(ERRORS, rates(*[1] * 8, 60, 1), 10) is None


@pytest.mark.parametrize(("slow", "minutes"), [(0, None), (1, 4), (4, 1), (5, 0)])
def test_a_measure_that_is_no_rate_has_as_many_parts_to_go(slow: int, minutes: int | None) -> None:
    expected = None if minutes is None else minutes * MINUTE
    line = durations(*[0.3] * (15 - slow), *[2.0] * slow)
    for raw in (SLOW, DEGRADED):
        assert left(RollbackCriterion.model_validate(raw), line, 15) == expected


def test_what_cannot_be_compared_or_measured_has_no_projection() -> None:
    flag = RollbackCriterion.model_validate({"id": "f", "title": "F", "any_fails": ["a"]})
    assert left(flag, rates(1), 1) is None
    assert left(RollbackCriterion.model_validate(DEGRADED), durations(2.0), 1) is None
