"""`signoff continue` and `signoff rerun`: after kill -9, beside another process, and with approvals that end."""

from __future__ import annotations

import json
import resource
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.checks.running import checklist, stage, told, write
from tests.signoff.conftest import Command, Start
from tests.signoff.signing import gated, line, make_key, run_of

pytestmark = pytest.mark.usefixtures("plugin")

COUNTS = "import pathlib, sys; pathlib.Path(sys.argv[1]).open('a').write('x')"
WAITS = (
    "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); end = time.monotonic() + 60\n"
    "while not pathlib.Path(sys.argv[2]).exists() and time.monotonic() < end: time.sleep(0.02)"
)


def command(id_: str, code: str, *arguments: object, **fields: Any) -> dict[str, Any]:
    argv = ["python", "-c", code, *map(str, arguments)]
    return {"id": id_, "title": id_, "kind": "command", "command": argv, "expect": {"exit_code": 0}, **fields}


def wait_for(path: Path) -> None:
    for _ in range(1500):
        if path.exists():
            return
        threading.Event().wait(0.02)
    pytest.fail(f"{path.name} never came")


@pytest.fixture
def killed(tmp_path: Path, start: Start) -> Path:
    """A run that was killed while its second check ran."""
    checks = [
        command("first", COUNTS, tmp_path / "looks"),
        command("second", WAITS, tmp_path / "began", tmp_path / "go", needs=["first"]),
        command("third", COUNTS, tmp_path / "looks", needs=["second"]),
    ]
    write(tmp_path, checklist(stage(*checks)))
    process = start("run", "--output", "out", "--quiet", cwd=tmp_path)
    wait_for(tmp_path / "began")
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    (tmp_path / "go").touch()
    return tmp_path / "out"


def test_a_killed_run_goes_on_and_nothing_is_looked_at_twice(killed: Path, signoff: Command, tmp_path: Path) -> None:
    assert signoff("gate", killed, "--allowed-signers", tmp_path / "none").code == 2
    said = signoff("continue", killed)
    assert said.code == 0, said.err
    assert (tmp_path / "looks").read_text() == "xx"
    verdict = json.loads((killed / "verdict.json").read_text())
    assert (verdict["verdict"], [each["status"] for each in verdict["checks"]]) == ("GO", ["pass"] * 3)
    events = [json.loads(each)["event"] for each in (killed / "journal.jsonl").read_text().splitlines()]
    assert events == ["run_started", "check_finished", "run_continued", *["check_finished"] * 2, "run_finished"]
    assert {".lock", ".scratch"} & {each.name for each in killed.iterdir()} == set()


def test_two_processes_never_write_one_run(start: Start, signoff: Command, tmp_path: Path) -> None:
    write(tmp_path, checklist(stage(command("waits", WAITS, tmp_path / "began", tmp_path / "go"))))
    first = start("run", "--output", "out", "--quiet", cwd=tmp_path)
    wait_for(tmp_path / "began")
    for arguments in (
        ("run", tmp_path / "checklist.yaml", "--output", tmp_path / "out"),
        ("continue", tmp_path / "out"),
    ):
        said = signoff(*arguments)
        assert (said.code, said.out) == (2, "")
        assert str(tmp_path / "out") in said.err
    assert "another signoff process is writing this run; wait for it, or name another folder" in said.err
    (tmp_path / "go").touch()
    assert first.wait(30) == 0


def test_approvals_end_when_the_run_goes_on_and_a_rejection_stays(signoff: Command, tmp_path: Path) -> None:
    run = run_of(signoff, tmp_path / "x", told("a"), approvals=[{"role": "qa-lead"}, {"role": "tech-lead"}])
    keys = {name: make_key(tmp_path, name) for name in ("alice", "bob")}
    allowed = tmp_path / "allowed"
    allowed.write_text("".join(f"{line(key)}\n" for key in keys.values()))
    assert signoff("approve", run, "--role", "qa-lead", "--key", keys["alice"]).code == 0
    assert signoff("continue", run).code == 0
    assert gated(signoff, run, allowed)[1]["approvals"][0]["state"] == "approved"
    assert signoff("approve", run, "--role", "tech-lead", "--key", keys["bob"], "--reject").code == 0
    said = signoff("rerun", run, "a", "--reason", "the p95 was too near")
    assert said.code == 0, said.err
    code, decision = gated(signoff, run, allowed)
    states = {each["role"]: each["state"] for each in decision["approvals"]}
    assert (code, states["tech-lead"], states["qa-lead"]) == (1, "rejected", "awaiting")
    findings = json.loads((run / "verdict.json").read_text())["findings"]
    assert len(findings) == 1
    assert findings[0].startswith("the approval of qa-lead of ")
    assert findings[0].endswith(" is void: the run went on after it")
    for role, key in (("qa-lead", keys["alice"]), ("tech-lead", keys["bob"])):
        assert signoff("approve", run, "--role", role, "--key", key).code == 0
    assert gated(signoff, run, allowed)[0] == 0


def test_where_nothing_is_due_it_is_said_and_the_verdict_stands(signoff: Command, tmp_path: Path) -> None:
    run = run_of(signoff, tmp_path / "x", told("a"), told("b", "fail"))
    said = signoff("continue", run)
    assert said.code == 1
    assert "nothing is due; the run stays as it is" in said.err
    assert signoff("continue", tmp_path / "nowhere").code == 2


def test_what_is_due_after_the_approval_is_looked_at_once_the_gate_lets_it_go(signoff: Command, tmp_path: Path) -> None:
    later = stage(told("b"), told("c", after={"approval": "all", "wait": "7d"}), id_="later", after="approval")
    content = checklist(stage(told("a")), later, approvals=[{"role": "qa-lead"}, {"role": "tech-lead"}])
    assert signoff("run", write(tmp_path, content), "--output", tmp_path / "run", "--quiet").code == 0
    run, allowed = tmp_path / "run", tmp_path / "allowed"
    keys = {name: make_key(tmp_path, name) for name in ("alice", "bob")}
    allowed.write_text("".join(f"{line(key)}\n" for key in keys.values()))

    def statuses() -> list[str]:
        return [each["status"] for each in json.loads((run / "verdict.json").read_text())["checks"]]

    def next_of() -> str:
        return str(json.loads(signoff("status", run, "--json").out)["next"])

    assert signoff("approve", run, "--role", "qa-lead", "--key", keys["alice"]).code == 0
    said = signoff("continue", run, "--allowed-signers", allowed)
    assert (said.code, "nothing is due" in said.err, statuses()) == (0, True, ["pass", "scheduled", "scheduled"])
    assert next_of() == f"signoff approve {run} --role tech-lead --key KEY"
    assert signoff("approve", run, "--role", "tech-lead", "--key", keys["bob"]).code == 0
    assert next_of() == f"signoff continue {run}"
    assert signoff("continue", run).code == 0
    assert statuses() == ["pass", "scheduled", "scheduled"], "nobody said whose signatures count"
    assert signoff("continue", run, "--allowed-signers", allowed).code == 0
    assert statuses() == ["pass", "pass", "scheduled"]
    assert gated(signoff, run, allowed)[0] == 3, "the signatures were of other bytes"
    scheduled = json.loads(signoff("status", run, "--json").out)["scheduled"]
    assert [each[1][:32] for each in scheduled] == ["due after approval and 7 d, at 2"]


def test_a_rejection_that_stays_is_told_once(signoff: Command, tmp_path: Path) -> None:
    run = run_of(signoff, tmp_path / "x", told("a"))
    key = make_key(tmp_path, "alice")
    (tmp_path / "allowed").write_text(f"{line(key)}\n")
    assert signoff("approve", run, "--role", "qa-lead", "--key", key, "--reject").code == 0
    assert signoff("rerun", run, "a", "--reason", "the p95 was too near").code == 0
    code, decision = gated(signoff, run, tmp_path / "allowed")
    assert (code, decision["reason"], decision["changed_files"]) == (1, "qa-lead: rejected by alice", [])


def test_a_run_whose_report_did_not_fit_on_the_disk_is_gone_on_with(signoff: Command, tmp_path: Path) -> None:
    path = write(tmp_path, checklist(stage(told("a")), approvals=[{"role": "qa-lead"}]))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8000, hard))
    try:
        said = signoff("run", path, "--output", tmp_path / "run", "--quiet")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (said.code, "report.html: cannot be written" in said.err) == (3, True), said.err
    assert not (tmp_path / "run" / "junit.xml").exists()
    assert signoff("approve", tmp_path / "run", "--role", "qa-lead", "--key", make_key(tmp_path, "alice")).code == 2
    assert signoff("continue", tmp_path / "run").code == 0
    assert (tmp_path / "run" / "junit.xml").exists()
