"""What is left to do: everything that failed, is held or warned, the most weighty first."""

from __future__ import annotations

from dataclasses import dataclass

from checks.outcome import Result, RunRecord, Status
from checks.ways_out import WayOut, ways_out
from reports import wording
from reports.observations import expected_lines, observed_lines

MOST_WAYS = 100
"""Commands that a report shows."""

_WEIGHT = {status: weight for weight, status in enumerate((Status.FAIL, Status.ERROR, Status.NO_DATA, Status.BLOCKED))}
_WAITS = len(_WEIGHT)
_WARNS = _WAITS + 1


@dataclass(frozen=True)
class Action:
    """One thing to look at: what it is about (`row` names its place), what was expected, seen, and the remedy."""

    standing: str
    row: tuple[str, str]
    title: str
    expected: list[str]
    observed: list[str]
    reason: str
    remedy: str
    runbook: str | None


def actions_of(record: RunRecord) -> list[Action]:
    """Criteria that are breached or unknown, steps that are not ready, and checks by weight; trials come last."""
    checks = [each for each in record.checks if each.status in wording.REMEDIES]
    checks.sort(key=lambda each: (each.trial, _weight(each)))
    return [*_criteria(record), *_steps(record), *(_of_check(each) for each in checks)]


def ways_of(record: RunRecord) -> tuple[WayOut, ...]:
    """The ways out of a HOLD or NO-GO as of the run's end: the same record gives the same. `RUN` is its folder."""
    return ways_out(record, "RUN", record.finished_at)


def _weight(result: Result) -> int:
    if not result.required or result.status is Status.WARN:
        return _WARNS
    return _WEIGHT.get(result.status, _WAITS)


def _of_check(result: Result) -> Action:
    return Action(
        standing=wording.standing(result),
        row=("check", result.id),
        title=result.title,
        expected=expected_lines(result),
        observed=observed_lines(result),
        reason=result.reason,
        remedy=result.remedy or wording.REMEDIES[result.status],
        runbook=result.runbook,
    )


def _criteria(record: RunRecord) -> list[Action]:
    remedies = {
        ("rollback", "breached"): "Roll back, or show that the evidence is wrong.",
        ("rollback", "unknown"): "Give it enough fresh requests to judge by; until then nobody knows.",
        ("warn", "breached"): "Find out why; it does not decide.",
    }
    return [
        Action(
            standing=wording.criterion(each),
            row=("criterion", each.id),
            title=each.title,
            expected=[f"roll back when {each.expected}"],
            observed=[],
            reason=each.reason,
            remedy=remedies[each.severity, each.state],
            runbook=each.runbook,
        )
        for each in sorted(record.criteria, key=lambda each: (each.severity, each.state))
        if (each.severity, each.state) in remedies
    ]


def _steps(record: RunRecord) -> list[Action]:
    return [
        Action(
            standing=wording.STEP_SYMBOLS[each.state],
            row=("step", each.id),
            title=each.title,
            expected=["ready"],
            observed=list(each.dry_run),
            reason=each.reason,
            remedy="Make the step possible; a rollback that cannot be done is no plan.",
            runbook=None,
        )
        for each in record.procedure
        if each.state == "not_ready"
    ]
