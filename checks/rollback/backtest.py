"""The criteria over a stretch of the past: when each changed, and when the answer first was ROLLBACK."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from checks.checklist import RollbackCriterion
from checks.outcome import CriterionState
from checks.rollback.rounds import Round, instant, judge
from checks.rollback.timeline import Timeline

STEP = timedelta(minutes=1)
NOT_RUN = "a backtest contacts no target, so its checks were not run"
LONGEST = timedelta(days=31)
"""How far back from the last request rounds are held."""


@dataclass(frozen=True)
class Transition:
    """A criterion's change of state, at the end of the minute after which it was seen."""

    at: datetime
    criterion: str
    before: CriterionState
    after: CriterionState


@dataclass(frozen=True)
class Backtest:
    """One round a minute of the data; every criterion is unknown before the first."""

    rounds: int
    transitions: tuple[Transition, ...]
    first_rollback_at: datetime | None

    def as_json(self) -> dict[str, Any]:
        """The backtest as design §6 names its parts; times are UTC."""
        return {
            "rounds": self.rounds,
            "transitions": [
                {"at": instant(each.at), "criterion": each.criterion, "from": each.before, "to": each.after}
                for each in self.transitions
            ],
            "first_rollback_at": instant(self.first_rollback_at) if self.first_rollback_at else None,
        }


def backtest(
    criteria: Sequence[RollbackCriterion], timeline: Timeline, root: Path, since: datetime | None = None
) -> Backtest:
    """Hold a round at the end of every minute of the data from `since` on, up to the minute of the last window.

    Each round sees only what lies before it. A baseline's path starts at `root`.
    """
    span = timeline.table.span if timeline.first else None
    if span is None:
        return Backtest(0, (), None)
    last = _minute_after(span[1])
    at = max(_minute_after(span[0]), last - LONGEST, _minute_after(since or span[0]))
    states: dict[str, CriterionState] = {criterion.id: "unknown" for criterion in criteria}
    transitions: list[Transition] = []
    rounds, first = 0, None
    while at <= last:
        found = judge(criteria, timeline, NOT_RUN, root, at)
        transitions += _changes(found, states)
        states = {criterion.id: criterion.state for criterion in found.criteria}
        if first is None and found.verdict == "ROLLBACK":
            first = at
        rounds += 1
        at += STEP
    return Backtest(rounds, tuple(transitions), first)


def _changes(found: Round, states: dict[str, CriterionState]) -> list[Transition]:
    return [
        Transition(found.at, criterion.id, states[criterion.id], criterion.state)
        for criterion in found.criteria
        if criterion.state != states[criterion.id]
    ]


def _minute_after(moment: datetime) -> datetime:
    """The end of the minute that a moment closes or lies in."""
    floor = moment.replace(second=0, microsecond=0)
    return floor if floor == moment else floor + STEP
