"""How a criterion came to stand as it does: what a report's timeline is drawn of."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.checks.rollback.test_criteria import NOW, every, judged, seconds


def test_changes_begin_with_the_data_and_end_with_how_it_stands(tmp_path: Path) -> None:
    found = judged(tmp_path, seconds(900, [place for place in range(900) if place >= 300 and place % 2]))
    assert found.state == "breached"
    states = [change.state for change in found.history]
    assert states[0] == "unknown"
    assert states[-1] == "breached"
    assert "clear" in states
    times = [change.at for change in found.history]
    assert times == sorted(times)
    assert times[0] == NOW - timedelta(seconds=900)
    turned = next(change.at for change in found.history if change.state == "breached")
    assert NOW - timedelta(seconds=600) < turned < NOW


def test_what_never_changed_has_one_change_from_unknown(tmp_path: Path) -> None:
    found = judged(tmp_path, seconds(600, every(50, 600)))
    assert [change.state for change in found.history] == ["unknown", "clear"]


def test_without_data_there_is_no_history(tmp_path: Path) -> None:
    assert judged(tmp_path, None).history == ()
