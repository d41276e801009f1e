"""`signoff rollback`: verdicts with their exit codes, JSON as promised, and what is unknown is HOLD."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.checks.kinds import logged
from tests.checks.running import checklist, write
from tests.signoff.conftest import Command, Start

START = datetime(2026, 1, 11, 10, 0, tzinfo=UTC)
BAD: dict[str, Any] = {"status": 502, "error_type": "UPSTREAM_ERROR", "level": "ERROR"}
FIELDS = [
    *("id", "title", "state", "measure", "observed", "ci", "threshold", "for_s", "samples", "breached_since"),
    *("reason", "runbook", "severity"),
]
SICK_FROM, SICK_TO = 40, 55
"""Minutes in which every third request fails."""
ERROR_RATE = {"id": "error-rate", "title": "Errors", "measure": "errors.rate", "breach": {"above": "10%"}, "for": "5m"}


def clock(minutes: int) -> str:
    return f"{START + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture(scope="module")
def incident(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log of a service that had an incident."""
    seconds = range(75 * 60)
    events = [BAD if SICK_FROM * 60 <= second < SICK_TO * 60 and second % 3 == 0 else {} for second in seconds]
    return logged.write(tmp_path_factory.mktemp("incident") / "log.jsonl", logged.every_second(START, events))


@pytest.fixture
def home(tmp_path: Path, incident: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with that log and a sound database; the working folder has no checklist."""
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "home"
    (home / "logs").mkdir(parents=True)
    (home / "logs" / "image-proxy.jsonl").hardlink_to(incident)
    connection = sqlite3.connect(home / "proxy.db")
    connection.execute("CREATE TABLE accounts (name TEXT)")
    connection.close()
    return home


def log(home: Path) -> str:
    return f"{home}/logs/*.jsonl*"


def states(out: str) -> dict[str, str]:
    return {each["id"]: each["state"] for each in json.loads(out)["criteria"]}


def test_built_in_criteria_of_a_healthy_service_continue(signoff: Command, home: Path) -> None:
    said = signoff("rollback", "check", "--logs", log(home), "--at", clock(74), "--json")
    assert (said.code, said.err) == (0, "")
    found = json.loads(said.out)
    assert list(found) == ["verdict", "at", "criteria"]
    assert (found["verdict"], found["at"]) == ("CONTINUE", clock(74))
    assert [list(each) for each in found["criteria"]] == [FIELDS] * 11
    deciding = [each for each in found["criteria"] if each["severity"] == "rollback"]
    assert [each["state"] for each in deciding] == ["clear"] * 6
    assert found["criteria"][:6] == deciding


def test_an_incident_is_a_rollback_with_its_evidence(signoff: Command, home: Path) -> None:
    said = signoff("rollback", "check", "--logs", log(home), "--at", clock(48), "--json")
    assert said.code == 10
    found = json.loads(said.out)
    assert found["verdict"] == "ROLLBACK"
    errors = found["criteria"][0]
    assert (errors["state"], errors["threshold"], errors["for_s"]) == ("breached", 0.1, 300.0)
    assert (errors["samples"], errors["breached_since"]) == (300, clock(43))
    assert errors["observed"] == pytest.approx(1 / 3)
    assert errors["ci"][0] < errors["observed"] < errors["ci"][1]


def test_people_get_a_table_and_the_verdict(signoff: Command, home: Path) -> None:
    said = signoff("rollback", "check", "--logs", log(home), "--at", clock(48))
    assert said.code == 10
    assert f"ROLLBACK at {clock(48)}" in said.out


def test_a_flag_of_a_vulnerability_is_a_rollback(signoff: Command, home: Path) -> None:
    (home / "CVE.vulnerability").touch()
    said = signoff("rollback", "check", "--logs", log(home), "--at", clock(74), "--json")
    assert (said.code, states(said.out)["vulnerability"]) == (10, "breached")


def test_a_damaged_database_is_a_rollback_and_a_missing_one_unknown(signoff: Command, home: Path) -> None:
    (home / "proxy.db").unlink()
    said = signoff("rollback", "check", "--logs", log(home), "--at", clock(74), "--json")
    assert (said.code, states(said.out)["data-corruption"]) == (3, "unknown")
    (home / "proxy.db").write_bytes(b"not a database" * 100)
    said = signoff("rollback", "check", "--logs", log(home), "--at", clock(74), "--json")
    assert (said.code, states(said.out)["data-corruption"]) == (10, "breached")


@pytest.mark.parametrize("logs", ["gone.jsonl", "home/logs/*.jsonl*"])
def test_a_source_that_is_missing_or_stale_is_hold_with_the_reason(signoff: Command, home: Path, logs: str) -> None:
    said = signoff("rollback", "check", "--logs", logs, "--json")
    assert said.code == 3
    found = json.loads(said.out)
    assert found["verdict"] == "HOLD"
    assert (found["criteria"][0]["state"], found["criteria"][0]["observed"]) == ("unknown", None)
    assert all(each["reason"] for each in found["criteria"])


def test_prometheus_that_does_not_answer_is_hold(signoff: Command, home: Path) -> None:
    said = signoff("rollback", "check", "--prometheus", "http://127.0.0.1:9", "--json")
    assert said.code == 3
    assert set(states(said.out).values()) == {"unknown"}


def own(tmp_path: Path, **rollback: Any) -> Path:
    release = {"name": "Image proxy", "version": logged.PROXY_VERSION}
    return write(tmp_path, checklist(release=release, rollback=rollback))


def test_a_checklist_of_one_s_own(signoff: Command, home: Path, tmp_path: Path) -> None:
    path = own(tmp_path, criteria=[ERROR_RATE])
    said = signoff("rollback", "check", path, "--logs", log(home), "--at", clock(74), "--json")
    assert (said.code, states(said.out)) == (0, {"error-rate": "clear"})
    said = signoff("rollback", "check", "--logs", log(home), "--at", clock(48), "--json")
    assert (said.code, states(said.out)) == (10, {"error-rate": "breached"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "--at", "yesterday", "--logs", "x"], "'yesterday' is not a time"),
        (["check", "gone.yaml", "--logs", "x"], "cannot read the file"),
        (["check"], "no log is known; name one by --logs FILE"),
        (["watch", "--logs", "x", "--every", "often"], "is not a span of time"),
        (["watch", "--logs", "x", "--on-breach", "'"], "No closing quotation"),
        (["watch", "--logs", "x", "--on-breach", ""], "name a program"),
        (["backtest", "--logs", "gone.jsonl"], "there is no such file"),
        (["backtest", "--logs", "home/logs/*", "--chart", "t.gif"], "a chart is a .png or .svg file"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_decided(
    signoff: Command, home: Path, arguments: list[str], message: str
) -> None:
    said = signoff("rollback", *arguments)
    assert (said.code, said.out) == (2, "")
    assert message in " ".join(said.err.replace("│", " ").split())


def test_a_checklist_without_criteria_is_a_mistake(signoff: Command, home: Path, tmp_path: Path) -> None:
    said = signoff("rollback", "check", own(tmp_path, criteria=[]), "--logs", log(home))
    assert said.code == 2
    assert "there are no criteria under `rollback`" in said.err


def test_a_backtest_finds_the_minute(signoff: Command, home: Path, tmp_path: Path) -> None:
    chart = tmp_path / "chart.png"
    said = signoff("rollback", "backtest", "--logs", log(home), "--json", "--chart", chart)
    assert said.code == 0
    found = json.loads(said.out)
    assert list(found) == ["rounds", "transitions", "first_rollback_at"]
    assert found["rounds"] == 76
    assert clock(SICK_FROM + 4) <= found["first_rollback_at"] <= clock(SICK_FROM + 6)
    errors = [(each["from"], each["to"]) for each in found["transitions"] if each["criterion"] == "error-rate"]
    assert errors[0] == ("unknown", "clear")
    assert ("breached", "clear") in errors or ("unknown", "clear") in errors[1:]
    with Image.open(chart) as drawn:
        assert drawn.width > 800


def test_a_backtest_for_people(signoff: Command, home: Path) -> None:
    said = signoff("rollback", "backtest", "--logs", log(home))
    assert "error-rate: unknown → clear" in said.out
    assert "76 rounds; ROLLBACK first at " in said.out


def test_a_watch_of_one_round_keeps_a_journal(signoff: Command, home: Path, tmp_path: Path) -> None:
    journal = tmp_path / "watch.jsonl"
    said = signoff("rollback", "watch", "--logs", log(home), "--once", "--journal", journal)
    assert (said.code, said.out) == (3, "HOLD\n")
    assert "HOLD error-rate unknown:" in said.err
    (entry,) = journal.read_text().splitlines()
    assert json.loads(entry)["verdict"] == "HOLD"


def test_a_watch_runs_a_command_once_when_it_says_rollback(signoff: Command, home: Path, tmp_path: Path) -> None:
    (home / "CVE.vulnerability").touch()
    script = f"{sys.executable} -c \"open('ran', 'a').write('once ')\""
    said = signoff("rollback", "watch", "--logs", log(home), "--every", "1s", "--on-breach", script, "--json")
    assert (said.code, json.loads(said.out)["verdict"]) == (10, "ROLLBACK")
    assert (tmp_path / "ran").read_text() == "once "
    assert "--on-breach ended with 0" in said.err


def test_a_command_that_cannot_run_changes_no_verdict(signoff: Command, home: Path) -> None:
    (home / "CVE.vulnerability").touch()
    said = signoff("rollback", "watch", "--logs", log(home), "--once", "--on-breach", "no-such-program")
    assert (said.code, said.out) == (10, "ROLLBACK\n")
    assert "no-such-program" in said.err


def test_an_interrupted_watch_says_so(start: Start, home: Path, tmp_path: Path) -> None:
    journal = tmp_path / "watch.jsonl"
    watching = start("rollback", "watch", "--logs", log(home), "--every", "1h", "--journal", str(journal), cwd=tmp_path)
    deadline = time.monotonic() + 30
    while not journal.exists() and time.monotonic() < deadline:
        assert watching.poll() is None
        time.sleep(0.05)
    os.kill(watching.pid, signal.SIGTERM)
    assert watching.wait(timeout=20) == 130


def test_a_warning_is_told_and_decides_nothing(signoff: Command, home: Path, tmp_path: Path) -> None:
    warning = {**ERROR_RATE, "id": "warned", "severity": "warn"}
    path = own(tmp_path, criteria=[{**ERROR_RATE, "breach": {"above": "90%"}}, warning])
    said = signoff("rollback", "check", path, "--logs", log(home), "--at", clock(48), "--json")
    assert (said.code, states(said.out)) == (0, {"error-rate": "clear", "warned": "breached"})
    said = signoff("rollback", "check", path, "--logs", log(home), "--at", clock(48))
    assert "warning" in said.out
    assert f"CONTINUE at {clock(48)}" in said.out


def test_warnings_alone_are_never_continue(signoff: Command, home: Path, tmp_path: Path) -> None:
    path = own(tmp_path, criteria=[{**ERROR_RATE, "severity": "warn"}])
    said = signoff("rollback", "check", path, "--logs", log(home), "--at", clock(74), "--json")
    assert (said.code, states(said.out)) == (3, {"error-rate": "clear"})


def test_a_backtest_of_a_stretch(signoff: Command, home: Path) -> None:
    options = ("rollback", "backtest", "--logs", log(home), "--json")
    whole = json.loads(signoff(*options).out)
    part = json.loads(signoff(*options, "--since", clock(30), "--until", clock(60)).out)
    assert part["rounds"] == 31
    assert part["first_rollback_at"] == whole["first_rollback_at"]
    assert signoff(*options, "--since", clock(60), "--until", clock(30)).code == 2
