"""How the rollback criteria stood over time, as it is drawn."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from checks.outcome import Criterion, CriterionState, StateChange
from reports import timeline
from tests.reports import records


def criterion(*changes: tuple[CriterionState, float], name: str = "errors") -> Criterion:
    history = tuple(StateChange(at=records.START + timedelta(seconds=second), state=state) for state, second in changes)
    return records.no_go().criteria[0].model_copy(update={"id": name, "history": history})


def test_stretches_follow_each_other_to_the_runs_end() -> None:
    record = records.no_go()
    length = (record.finished_at - records.START).total_seconds()
    half = criterion(("unknown", 0), ("clear", length / 2), name="a-name-that-is-longer-than-the-margin")
    drawn = timeline.timeline_of(record.model_copy(update={"criteria": (half, *record.criteria)}))
    assert drawn is not None
    (row,) = drawn.rows
    width = timeline.WIDTH - timeline.LEFT - timeline.RIGHT
    assert [(each.x, each.width) for each in row.stretches] == [
        (timeline.LEFT, width / 2),
        (timeline.LEFT + width / 2, width / 2),
    ]
    assert [each.state for each in row.stretches] == ["unknown", "clear"]
    assert row.stretches[1].said.startswith("✅ clear from 2026-01-11 10:")
    assert row.name.endswith("…")


def test_without_a_history_there_is_nothing_to_draw() -> None:
    assert timeline.timeline_of(records.no_go()) is None


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=9).map(sorted))
def test_whatever_the_times_every_bar_lies_within_the_picture(seconds: list[float]) -> None:
    found = criterion(*(("clear", second) for second in seconds))
    drawn = timeline.timeline_of(records.no_go().model_copy(update={"criteria": (found,)}))
    assert drawn is not None
    for stretch in drawn.rows[0].stretches:
        assert stretch.x >= timeline.LEFT
        assert stretch.x + stretch.width <= timeline.WIDTH - timeline.RIGHT + 1.1
