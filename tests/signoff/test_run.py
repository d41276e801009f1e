"""`signoff run`: exit codes, one clear message for each mistake, output for people and for machines, interruption."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from checks.journal import read_journal
from checks.outcome import RunRecord
from tests.checks.running import VERSION, checklist, stage, told, write
from tests.signoff.conftest import Command, Said, Start

pytestmark = pytest.mark.usefixtures("plugin")

SLEEPS = (
    "import os, pathlib, subprocess, sys, time; "
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)']); "
    "part = pathlib.Path(sys.argv[1] + '.part'); part.write_text(f'{os.getpid()} {child.pid}'); "
    "part.rename(sys.argv[1]); time.sleep(300)"
)


@pytest.fixture
def run(signoff: Command, tmp_path: Path) -> Command:
    """Write a checklist of some checks and run it."""

    def written(*checks: dict[str, Any], options: tuple[object, ...] = (), **sections: Any) -> Said:
        path = write(tmp_path, checklist(stage(*checks), **sections))
        return signoff("run", path, "--output", tmp_path / "out", *options)

    return written


def until(holds: Callable[[], bool], what: str) -> None:
    for _ in range(1000):
        if holds():
            return
        threading.Event().wait(0.02)
    pytest.fail(what)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(("status", "code", "verdict"), [("pass", 0, "GO"), ("fail", 1, "NO-GO"), ("error", 3, "HOLD")])
def test_the_exit_code_is_the_verdict(run: Command, tmp_path: Path, status: str, code: int, verdict: str) -> None:
    said = run(told("a"), told("b", status))
    assert (said.code, said.out) == (code, "")
    assert f"\n{verdict}\n" in said.err
    assert f"report: {tmp_path}/out/report.md" in said.err
    report = (tmp_path / "out" / "report.md").read_text()
    assert verdict in report
    assert "It is a" in report
    assert RunRecord.model_validate_json((tmp_path / "out" / "verdict.json").read_bytes()).verdict == verdict


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read the file: No such file or directory; name another"),
        ("schema: 1\nstages: [\n", ":3:1: "),
        ("schema: 1\nstages: []\nstages: []\n", ':3:1: the key "stages" is given twice'),
        ("schema: 1\nstages: []\n", ":1:1: 'release' is missing"),
    ],
)
def test_a_file_that_is_no_checklist(signoff: Command, tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "checklist.yaml"
    if content is not None:
        path.write_text(content)
    said = signoff("run", path)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(str(path))
    assert message in said.err
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ({"kind": "tolt"}, "kind 'tolt' is unknown; did you mean 'told'?"),
        ({"need": ["a"]}, "unknown key 'need'; did you mean 'needs'?"),
        ({"needs": ["x"]}, "b: needs names 'x', which is no check; allowed: a, b"),
        ({"needs": ["b"]}, "needs go round in a circle: b → b; remove one"),
        ({"note": "${env:NOT_SET_HERE}"}, "${env:NOT_SET_HERE} is not set; export NOT_SET_HERE"),
        ({"note": "${many}"}, "${many} is not set; put it into the profile, or give --set many=…"),
        ({"timeout": "5MB"}, "timeout: a span takes a unit, such as 250ms, 60s or 2h; given '5MB'"),
    ],
)
def test_a_mistake_is_one_line_with_its_place_and_nothing_is_run(
    run: Command, tmp_path: Path, check: dict[str, Any], message: str
) -> None:
    said = run(told("a"), {**told("b"), **check})
    assert (said.code, said.out) == (2, "")
    (line,) = said.err.splitlines()
    place, _, shown = line.partition(": ")
    assert shown == message
    file, number, column = place.rsplit(":", 2)
    assert (file, int(number) > 1, int(column) > 1) == (str(tmp_path / "checklist.yaml"), True, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--stage", "frist"), "--stage frist: no such thing; did you mean 'first'?"),
        (("--check", "zz"), "--check zz: no such thing; allowed: a"),
        (("--tag", "zz"), "--tag zz: no such thing"),
        (("--profile", "zz"), "profile 'zz' is not in the checklist"),
        (("--set", "zz=1"), "--set zz: no such value"),
        (("--set", "zz"), "write KEY=VALUE"),
        (("--set", "=1"), "write KEY=VALUE"),
        (("--jobs", "0"), "should be greater than or equal to 1"),
        (("--jbos", "2"), "No such option"),
        (("--answers", "none.yaml"), "none.yaml: cannot read the file"),
    ],
)
def test_a_wrong_option_is_a_mistake(run: Command, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    said = run(told("a"), options=options)
    assert (said.code, said.out) == (2, "")
    assert message in " ".join(said.err.replace("│", " ").split())
    assert "Traceback" not in said.err
    assert not (tmp_path / "out").exists()


def test_a_target_that_is_not_reachable_is_no_mistake(run: Command) -> None:
    asks = {"id": "b", "title": "B", "kind": "http", "url": "/x", "expect": {"status": 200}}
    said = run(told("a"), asks, target={"url": "http://127.0.0.1:9"})
    assert said.code == 1
    assert "http://127.0.0.1:9/healthz" in said.err


def test_a_missing_log_holds(run: Command, tmp_path: Path) -> None:
    metric = {"id": "b", "title": "B", "kind": "metric", "measure": "errors.rate", "expect": {"below": "5%"}}
    said = run(told("a"), metric, target={"logs": {"paths": [str(tmp_path / "none.jsonl")]}})
    assert said.code == 3
    assert "none.jsonl" in said.err


def test_a_second_run_is_refused_the_folder_of_the_first(run: Command, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(told("a")).code == 0
    said = run(told("a"))
    assert (said.code, said.err) == (
        2,
        f"{out}: holds a run already; name another folder, or go on with it: signoff continue {out}\n",
    )


def test_options_select_and_set(signoff: Command, tmp_path: Path) -> None:
    check = told("a", None, value="${many}", expect={"value": 7}, tags=["quick"])
    profiles = {"p": {"many": 1}}
    path = write(tmp_path, checklist(stage(check, told("b", "fail")), profiles=profiles))
    said = signoff("run", path, "--output", tmp_path / "1", "--profile", "p", "--tag", "quick", "--set", "many=7")
    assert said.code == 0
    assert "GO (partial: only a selection was run)" in said.err
    assert "b" not in [line.split()[1] for line in said.err.splitlines() if line.startswith("  ")]


def test_fail_fast_and_jobs(signoff: Command, tmp_path: Path) -> None:
    path = write(tmp_path, checklist(stage(told("a", "fail")), stage(told("b"), id_="second")))
    said = signoff("run", path, "--output", tmp_path / "out", "--fail-fast", "--jobs", "1")
    assert said.code == 1
    assert "blocked        b  an earlier check failed, and --fail-fast was given" in said.err


def test_answers_come_from_a_file(signoff: Command, tmp_path: Path) -> None:
    ask = {"id": "looks", "title": "L", "kind": "ask", "question": "Does it?", "role": "qa-lead"}
    path = write(tmp_path, checklist(stage(ask)))
    (tmp_path / "answers.yaml").write_text("looks: 'yes'\n")
    assert signoff("run", path, "--output", tmp_path / "1", "--non-interactive").code == 3
    assert signoff("run", path, "--output", tmp_path / "2", "--answers", tmp_path / "answers.yaml").code == 0


def test_json_is_one_event_a_line_and_the_last_is_the_verdict(run: Command) -> None:
    said = run(told("a"), told("b", "fail", note="line\nbreak é"), options=("--json",))
    assert (said.code, said.err) == (1, "")
    events = [json.loads(line) for line in said.out.splitlines()]
    assert [event["event"] for event in events][:2] == ["run_started", "stage_started"]
    assert (events[-1]["event"], events[-1]["verdict"], events[-1]["scope"]) == ("run_finished", "NO-GO", "full")
    assert events[-1]["counts"] == {"pass": 1, "fail": 1}
    assert events[-1]["reasons"] == ["b: fail: line\nbreak é"]
    assert {event["check"] for event in events if event["event"] == "check_finished"} == {"a", "b"}


def test_quiet_is_only_the_verdict(run: Command) -> None:
    said = run(told("a"), *(told(f"b-{n}", "fail") for n in range(12)), options=("--quiet",))
    lines = said.err.splitlines()
    assert lines[0] == "NO-GO"
    assert len(lines) == 1 + 10 + 1 + 1
    assert lines[11] == "  and 2 more, in the report"


def test_lines_say_what_did_not_pass_and_why(run: Command) -> None:
    hidden = "\u001b[31mred\u202e\n  and  more " + "x" * 400
    said = run(told("a"), told("b", "fail", note=hidden), told("later", needs=["b"]))
    assert "  pass           a" in said.err
    line = next(line for line in said.err.splitlines() if line.startswith("  fail "))
    assert "\\u001b[31mred\\u202e and more xxx" in line
    assert line.endswith("x…")
    assert "\u001b" not in said.err
    assert "  blocked        later  needs b (fail)" in said.err


def test_a_defect_of_ours_is_no_verdict(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> str:
        raise RuntimeError("a defect")

    monkeypatch.setattr("reports.markdown.render", broken)
    said = run(told("a"))
    assert said.code == 4
    assert "RuntimeError: a defect" in said.err
    assert said.err.endswith("this is a defect of signoff, not a verdict; please report it with the lines above\n")


def test_a_real_run_when_piped_has_no_escape_codes(start: Start, tmp_path: Path) -> None:
    write(tmp_path, checklist(stage(told("a"), told("b", "fail"))))
    process = start("run", cwd=tmp_path)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, "")
    assert "\u001b" not in err
    (folder,) = (tmp_path / "signoff-runs").iterdir()
    assert {path.name for path in folder.iterdir()} >= {"verdict.json", "report.md", "journal.jsonl", "checklist.yaml"}


@pytest.mark.parametrize("no_color", [True, False])
def test_a_terminal_has_a_live_display_and_colours_unless_told(
    environment: dict[str, str], tmp_path: Path, no_color: bool
) -> None:
    write(tmp_path, checklist(stage(told("a"), told("b", "fail", repeat={"every": "100ms", "for": "700ms"}))))
    master, slave = pty.openpty()
    variables = {"TERM": "xterm-256color", "NO_COLOR": "1"} if no_color else {"TERM": "xterm-256color"}
    kept = {name: value for name, value in environment.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    with subprocess.Popen(
        [str(Path(sys.executable).parent / "signoff"), "run", "--non-interactive"],
        cwd=tmp_path,
        env={**kept, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=slave,
    ) as process:
        os.close(slave)
        shown = b""
        while chunk := _read(master):
            shown += chunk
        os.close(master)
    assert process.returncode == 1
    assert b"Stage first" in shown
    assert (b"\x1b[1;31m" in shown) is not no_color
    assert b"1 pass" in shown
    assert b"NO-GO" in shown


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


def hanging(tmp_path: Path, pids: Path) -> Path:
    command = {"command": ["python", "-c", SLEEPS, str(pids)], "expect": {"exit_code": 0}}
    hangs = {"id": "hangs", "title": "Hangs", "kind": "command", "timeout": "300s", "needs": ["a"], **command}
    return write(tmp_path, checklist(stage(told("a"), hangs), stage(told("later"), id_="second")))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_a_valid_report_and_no_child(
    start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    pids = tmp_path / "pids"
    hanging(tmp_path, pids)
    process = start("run", "--output", "out", "--json", cwd=tmp_path)
    until(pids.exists, "the check never began")
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "")
    assert json.loads(out.splitlines()[-1])["interrupted"] is True
    record = RunRecord.model_validate_json((tmp_path / "out" / "verdict.json").read_bytes())
    assert (record.interrupted, record.verdict) == (True, "HOLD")
    assert {check.id: check.status.value for check in record.checks} == {
        "a": "pass",
        "hangs": "error",
        "later": "blocked",
    }
    assert "interrupted" in (tmp_path / "out" / "report.md").read_text()
    for pid in map(int, pids.read_text().split()):
        until(lambda pid=pid: not is_alive(pid), f"{pid} was left behind")  # type: ignore[misc]  # bound at once
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "verdict.json",
        "report.md",
        "report.html",
        "junit.xml",
        "journal.jsonl",
        "checklist.yaml",
        "evidence",
    }


def test_a_killed_run_leaves_a_journal_of_whole_events(start: Start, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    hanging(tmp_path, pids)
    process = start("run", "--output", "out", cwd=tmp_path)
    until(pids.exists, "the check never began")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    for pid in map(int, pids.read_text().split()):
        psutil.Process(pid).kill()
    journal = read_journal(tmp_path / "out" / "journal.jsonl")
    assert [event["event"] for event in journal] == ["run_started", "check_finished"]
    assert journal[1]["result"]["status"] == "pass"
    assert not (tmp_path / "out" / "verdict.json").exists()


def test_a_run_that_is_being_written_is_refused_to_another_process(
    start: Start, signoff: Command, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    path = hanging(tmp_path, pids)
    process = start("run", "--output", "out", cwd=tmp_path)
    until(pids.exists, "the check never began")
    said = signoff("run", path, "--output", tmp_path / "out")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert said.code == 2
    assert said.err.startswith(f"{tmp_path}/out: ")
    assert process.returncode == 130


def test_no_secret_is_said_by_a_real_run(start: Start, tmp_path: Path) -> None:
    secret = "sk-planted-0123456789abcdef"
    command = {"command": ["echo", "${env:API_TOKEN}"], "expect": {"stdout": {"contains": "other"}}}
    write(
        tmp_path,
        checklist(
            stage(
                {"id": "says", "title": "Says ${env:API_TOKEN}", "kind": "command", **command},
                {"id": "raises", "title": "Raises", "kind": "raising", "message": "with ${env:API_TOKEN}"},
            )
        ),
    )
    for options in ((), ("--json",)):
        process = start("run", *options, cwd=tmp_path, API_TOKEN=secret)
        said = process.communicate(timeout=30)
        assert process.returncode == 1
        assert not any(secret in stream for stream in said)
    written = [path for path in (tmp_path / "signoff-runs").rglob("*") if path.is_file()]
    assert len(written) >= 8
    assert [path for path in written if secret.encode() in path.read_bytes()] == []


def test_the_reference_needs_the_projects_sources(signoff: Command, tmp_path: Path) -> None:
    path = write(tmp_path, checklist(profiles={"reference": {"safety": "MEDIUM"}}))
    said = signoff("run", path, "--reference")
    assert said.code == 2
    assert "they are not here; run it in a checkout" in said.err


def test_the_release_is_told_at_the_start(run: Command) -> None:
    said = run(told("a"), options=("--json",))
    assert json.loads(said.out.splitlines()[0])["release"]["version"] == VERSION


def test_a_hold_names_its_ways_out(run: Command, tmp_path: Path) -> None:
    said = run(told("a"), told("b", "no_data"))
    assert f"way out for b: rerun: signoff rerun {tmp_path}/out b --reason 'what was mended'" in said.err
    assert f"way out for the run: abandon: signoff abandon {tmp_path}/out" in said.err
