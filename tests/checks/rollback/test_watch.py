"""A watch: when it looks, when it ends, and what it goes on through."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from checks.outcome import Criterion, CriterionState
from checks.rollback.rounds import Round
from checks.rollback.watch import Schedule, watch

START = datetime(2026, 1, 11, 10, 0, tzinfo=UTC)


class Clock(threading.Event):
    """An event whose waiting moves the time on instead of taking it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START

    def wait(self, timeout: float | None = None) -> bool:
        self.now += timedelta(seconds=timeout or 0)
        return self.is_set()


def criterion(state: CriterionState) -> Criterion:
    return Criterion(
        id="c", title="C", state=state, measure="checks", observed=None, expected="", for_s=0, samples=0, reason="R"
    )


def watched(states: list[CriterionState], lasts_s: float | None) -> list[tuple[float, str]]:
    clock = Clock()
    seen: list[tuple[float, str]] = []
    given: Iterator[CriterionState] = iter(states)

    def look(at: datetime) -> Round:
        clock.now += timedelta(seconds=3)
        return Round(at, (criterion(next(given)),))

    def tell(found: Round) -> None:
        seen.append(((found.at - START).total_seconds(), found.verdict))

    last = watch(Schedule(60, lasts_s), look, tell, lambda: clock.now, clock)
    assert last.verdict == seen[-1][1]
    return seen


def test_a_round_is_due_every_minute_however_long_looking_takes() -> None:
    assert [at for at, _ in watched(["clear"] * 4, 180)] == [0, 60, 120, 180]


def test_a_watch_ends_at_the_first_rollback_and_goes_on_through_what_is_unknown() -> None:
    seen = watched(["clear", "unknown", "unknown", "breached", "clear"], None)
    assert [verdict for _, verdict in seen] == ["CONTINUE", "HOLD", "HOLD", "ROLLBACK"]


@pytest.mark.parametrize("state", ["clear", "unknown", "breached"])
def test_one_round_only(state: CriterionState) -> None:
    assert len(watched([state], 0)) == 1


@pytest.mark.parametrize(
    ("states", "verdict"),
    [
        ([], "HOLD"),
        (["clear", "clear"], "CONTINUE"),
        (["clear", "unknown"], "HOLD"),
        (["unknown", "breached", "clear"], "ROLLBACK"),
    ],
)
def test_worst_wins_and_nothing_is_never_continue(states: list[CriterionState], verdict: str) -> None:
    assert Round(START, tuple(map(criterion, states))).verdict == verdict
