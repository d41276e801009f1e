"""`signoff history`: real runs of one folder, side by side."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from checks.outcome import RunRecord, Status
from reports.history import history_of
from tests.checks.running import checklist, stage, told, write
from tests.reports import records
from tests.signoff.conftest import Command

pytestmark = pytest.mark.usefixtures("plugin")


def runs(signoff: Command, folder: Path, *statuses: str) -> Path:
    """One run for each status of the check `b`, beside `a`, which always passes."""
    for number, status in enumerate(statuses):
        path = write(folder, checklist(stage(told("a"), told("b", status))))
        assert signoff("run", path, "--output", folder / "runs" / f"{number:03}", "--quiet").code in {0, 1, 3}
    return folder / "runs"


def told_of(signoff: Command, folder: Path) -> dict[str, Any]:
    said = signoff("history", folder, "--json")
    assert (said.code, said.err) == (0, "")
    document: dict[str, Any] = json.loads(said.out)
    return document


def test_verdicts_durations_and_flaky_checks_over_time(signoff: Command, tmp_path: Path) -> None:
    folder = runs(signoff, tmp_path, "pass", "fail", "pass", "pass", "error")
    document = told_of(signoff, folder)
    assert [each["verdict"] for each in document["runs"]] == ["GO", "NO-GO", "GO", "GO", "HOLD"]
    assert [each["folder"] for each in document["runs"]] == ["000", "001", "002", "003", "004"]
    assert document["duration_trend"] in {"rising", "falling", "flat"}
    checks = {each["id"]: each for each in document["checks"]}
    assert (checks["a"]["changed"], checks["a"]["flakiness"]) == (0, 0)
    assert (checks["b"]["looks"], checks["b"]["changed"], checks["b"]["flakiness"]) == (5, 3, 0.6)
    assert checks["b"]["statuses"] == {"pass": 3, "fail": 1, "error": 1}
    said = signoff("history", folder)
    assert said.code == 0
    assert "1 of 2 checks are flaky." in said.out
    assert "60.0 %" in said.out
    assert said.out.index("GO") < said.out.index("NO-GO") < said.out.index("HOLD")


def saved(folder: Path, record: RunRecord, name: str) -> None:
    (folder / name).mkdir()
    (folder / name / "journal.jsonl").write_text("")
    (folder / name / "verdict.json").write_text(record.model_dump_json())


def at(record: RunRecord, minutes: int, **changes: Any) -> RunRecord:
    shift = timedelta(minutes=minutes)
    times = {"started_at": record.started_at + shift, "finished_at": record.finished_at + shift}
    return record.model_copy(update={**times, "run_id": f"run-{minutes}", **changes})


def test_a_change_with_a_reason_is_no_flakiness(tmp_path: Path) -> None:
    good = records.record((records.result("a", Status.PASS),))
    bad = records.record((records.result("a", Status.FAIL),))
    saved(tmp_path, at(good, 0), "0")
    saved(tmp_path, at(bad, 1, release=bad.release.model_copy(update={"version": "v9"})), "1")
    saved(tmp_path, at(good, 2, profile="other"), "2")
    (check,) = history_of(tmp_path).checks
    assert (len(check.sights), check.changed, check.flakiness) == (3, 0, 0)


def test_what_passed_only_when_tried_again_is_flaky_and_what_was_not_looked_at_does_not_count(tmp_path: Path) -> None:
    again = (records.attempt(Status.ERROR), records.attempt(Status.PASS, 1))
    saved(tmp_path, at(records.record((records.result("a", Status.PASS, attempts=again),)), 0), "0")
    saved(tmp_path, at(records.record((records.result("a", Status.BLOCKED),)), 1), "1")
    (check,) = history_of(tmp_path).flaky
    assert (len(check.sights), check.retried, check.flakiness) == (1, 1, 1.0)


def test_a_run_that_cannot_be_read_is_named_and_never_left_out_in_silence(signoff: Command, tmp_path: Path) -> None:
    folder = runs(signoff, tmp_path, "pass")
    (folder / "001").mkdir()
    (folder / "001" / "journal.jsonl").write_text("{}\n")
    (folder / "no run").mkdir()
    document = told_of(signoff, folder)
    assert len(document["runs"]) == 1
    (named,) = document["unreadable"]
    assert named["folder"] == "001"
    assert "does not exist; wait for the run to end" in named["problem"]
    assert "001: does not exist" in signoff("history", folder).out


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_chart(signoff: Command, tmp_path: Path, suffix: str) -> None:
    folder = runs(signoff, tmp_path, "pass", "fail")
    picture = tmp_path / f"history.{suffix}"
    assert signoff("history", folder, "--chart", picture).code == 0
    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG" if suffix == "png" else b"<svg")
    if suffix == "svg":
        assert b"flaky checks" in content
        assert b"minutes" in content


def test_a_mistake(signoff: Command, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        said = signoff("history", folder)
        assert (said.code, said.out) == (2, "")
        assert "holds no run; name the folder" in said.err
    folder = runs(signoff, tmp_path, "pass")
    for chart in ("x.pdf", "no/folder/x.svg"):
        said = signoff("history", folder, "--chart", tmp_path / chart)
        assert (said.code, said.out) == (2, "")
        assert "--chart" in said.err
