"""One check: its attempts, rounds, time limit, evidence; kinds that misbehave."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from checks import execution
from checks.outcome import Status, Verdict
from tests.checks.odd_kinds import HangingCheck
from tests.checks.running import Run, checklist, conducted, stage, told, write

pytestmark = pytest.mark.usefixtures("plugin")


def run(tmp_path: Path, *checks: dict[str, Any], **request: Any) -> Run:
    return conducted(write(tmp_path, checklist(stage(*checks))), **request)


def odd(kind: str, **fields: Any) -> dict[str, Any]:
    return {"id": "it", "title": "It holds", "kind": kind, **fields}


def test_a_result_carries_what_was_observed_also_when_it_passed(tmp_path: Path) -> None:
    found = run(tmp_path, told("a", None, value=0.4, expect={"rate": {"at_least": "30%"}}))
    assert (found["a"].status, found["a"].expected) == (Status.PASS, {"rate": "at least 30 %"})
    assert found["a"].observed["rate"] == {"value": 0.4, "unit": "ratio"}
    assert found["a"].started_at is not None
    assert found["a"].duration_ms > 0


def test_evidence_is_stored_with_its_digest(tmp_path: Path) -> None:
    found = run(tmp_path, told("a", note="as seen"))
    (evidence,) = found["a"].evidence
    content = (found.folder.path / evidence.path).read_bytes()
    assert content == b"as seen"
    assert (evidence.sha256, evidence.bytes) == (hashlib.sha256(content).hexdigest(), len(content))


def test_retries_go_on_until_it_passes_and_all_are_recorded(tmp_path: Path) -> None:
    found = run(tmp_path, odd("flaky", failures=2, retry={"times": 5, "every": "1ms"}))
    assert found["it"].status is Status.PASS
    assert [attempt.status for attempt in found["it"].attempts] == ["fail", "fail", "pass"]
    assert [attempt.reason for attempt in found["it"].attempts] == ["try 1", "try 2", "try 3"]


def test_retries_end(tmp_path: Path) -> None:
    found = run(tmp_path, odd("flaky", failures=9, retry={"times": 2, "every": "1ms"}))
    assert (found["it"].status, len(found["it"].attempts)) == (Status.FAIL, 3)


def test_without_retry_there_is_one_attempt(tmp_path: Path) -> None:
    assert len(run(tmp_path, odd("flaky", failures=1))["it"].attempts) == 1


def test_a_person_awaited_is_not_asked_again(tmp_path: Path) -> None:
    found = run(tmp_path, told("a", "pending", retry={"times": 5, "every": "1ms"}))
    assert len(found["a"].attempts) == 1


def test_rounds_are_recorded_and_the_worst_counts(tmp_path: Path) -> None:
    found = run(tmp_path, odd("flaky", failures=1, repeat={"every": "10ms", "for": "30ms"}))
    statuses = [attempt.status for attempt in found["it"].attempts]
    assert statuses[:2] == [Status.FAIL, Status.PASS]
    assert found["it"].status is Status.FAIL
    assert found["it"].reason.startswith(f"1 of {len(statuses)} rounds over 30 ms: try 1")


def test_rounds_that_all_pass_pass_and_tell_what_each_saw(tmp_path: Path) -> None:
    check = told("a", None, value=0.4, expect={"value": 0.4}, repeat={"every": "10ms", "for": "20ms"})
    found = run(tmp_path, check)
    assert found["a"].status is Status.PASS
    assert len(found["a"].attempts) >= 2
    assert found["a"].attempts[0].observed["value"] == 0.4


def test_an_interrupted_span_is_an_error(tmp_path: Path) -> None:
    stop = threading.Event()
    check = told("a", repeat={"every": "60s", "for": "600s"})
    path = write(tmp_path, checklist(stage(check)))
    timer = threading.Timer(0.2, stop.set)
    timer.start()
    found = conducted(path, stop=stop)
    timer.join()
    assert (found["a"].status, found["a"].attempts[-1].reason) == (Status.ERROR, "interrupted")


def test_out_of_time_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    found = run(tmp_path, odd("hanging", timeout="100ms"), told("a"))
    assert (found["it"].status, found["it"].reason) == (Status.ERROR, "timed out after 100 ms")
    assert "`timeout`" in found["it"].remedy
    assert found.record.verdict is Verdict.HOLD


def test_a_kind_that_does_not_stop_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "GRACE_S", 0.1)
    HangingCheck.release.clear()
    try:
        found = run(tmp_path, odd("hanging", timeout="100ms", stubborn=True))
    finally:
        HangingCheck.release.set()
    assert found["it"].reason == "timed out after 100 ms"


def test_out_of_time_ends_the_whole_tree_of_processes(tmp_path: Path) -> None:
    code = (
        "import os, subprocess, sys, time, pathlib; "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)']); "
        "pathlib.Path(sys.argv[1]).write_text(f'{os.getpid()} {child.pid}'); time.sleep(300)"
    )
    pids = tmp_path / "pids"
    found = run(
        tmp_path, odd("command", command=["python", "-c", code, str(pids)], timeout="1s", expect={"exit_code": 0})
    )
    assert found["it"].status is Status.ERROR
    assert "1 s" in found["it"].reason
    for pid in map(int, pids.read_text().split()):
        assert is_gone(pid)


def is_gone(pid: int, within_s: float = 5.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                threading.Event().wait(0.02)
                continue
        return True
    return False


def test_a_kind_that_raises_is_an_error_of_its_check_alone(tmp_path: Path) -> None:
    found = run(tmp_path, odd("raising"), told("a"))
    assert found["it"].status is Status.ERROR
    assert found["it"].reason == "the kind 'raising' raised RuntimeError: out of order"
    assert found["a"].status is Status.PASS
    assert found.record.verdict is Verdict.HOLD


def test_a_message_that_no_file_can_hold_is_written_out(tmp_path: Path) -> None:
    found = run(tmp_path, odd("raising", message="half \\udcff a character"))
    assert found["it"].status is Status.ERROR
    assert "\\udcff" in found["it"].reason
    json.loads((found.folder.path / "verdict.json").read_bytes())


def test_a_kind_that_tries_to_leave_is_an_error(tmp_path: Path) -> None:
    found = run(tmp_path, odd("leaving"), told("a"))
    assert (found["it"].status, found["a"].status) == (Status.ERROR, Status.PASS)
    assert "leaving" in found["it"].reason


def test_a_kind_that_observes_nothing_is_an_error(tmp_path: Path) -> None:
    found = run(tmp_path, odd("empty-handed"), told("a"))
    assert (found["it"].status, found["a"].status) == (Status.ERROR, Status.PASS)
    assert "no observation" in found["it"].reason


def test_not_a_number_is_no_data_whatever_is_expected(tmp_path: Path) -> None:
    for expected in ({"at_least": "0%"}, {"at_most": "100%"}, {"not_equals": "5%"}, {"below": "10%"}):
        found = run(tmp_path, odd("not-a-number", expect={"rate": expected}))
        assert found["it"].status is Status.NO_DATA, expected
        assert found["it"].observed == {"rate": {"value": None, "unit": "ratio"}}


def test_long_reasons_are_cut(tmp_path: Path) -> None:
    found = run(tmp_path, told("a", "fail", note="x" * 9000))
    assert len(found["a"].reason) == execution.MAX_REASON


def test_commands_find_this_environments_programs_and_not_our_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURS", "not theirs")
    code = "import os, sys; print(sys.executable, 'OURS' in os.environ)"
    found = run(tmp_path, odd("command", command=["python", "-c", code], expect={"stdout": {"contains": "False"}}))
    assert found["it"].status is Status.PASS
    assert str(Path(sys.executable).parent) in found["it"].observed["stdout"]
