"""`signoff status`, `waive`, `abandon` and `diff`; every way out that is named is a command that works."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.checks.running import checklist, stage, told, write
from tests.signoff.conftest import Command
from tests.signoff.signing import run_of

pytestmark = pytest.mark.usefixtures("plugin")

ASK = {"id": "picture", "title": "Good picture", "kind": "ask", "question": "Is it good?", "role": "qa-lead"}
WAIVED = ("--reason", "known, mended in the next", "--owner", "team", "--approver", "lead")


def status(signoff: Command, run: Path) -> dict[str, Any]:
    said = signoff("status", run, "--json")
    assert said.code == 0, said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


def day(days: int) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}"


def test_status_tells_what_is_done_awaited_and_next(signoff: Command, tmp_path: Path) -> None:
    run = run_of(signoff, tmp_path / "x", told("a"), ASK, told("b", needs=["picture"]), options=("--non-interactive",))
    found = status(signoff, run)
    assert (found["state"], found["verdict"], found["done"], found["checks"]) == ("finished", "HOLD", 1, 3)
    assert [(each["what"], each["of"]) for each in found["awaited"]] == [("answer", "picture"), ("approval", "qa-lead")]
    assert found["next"] == f"signoff continue {run}"
    lines = signoff("status", run).out
    assert "awaited: answer picture: qa-lead is asked: Is it good?" in lines
    assert f"next: signoff continue {run}" in lines


def test_status_of_a_run_that_is_go_names_who_has_to_sign(signoff: Command, tmp_path: Path) -> None:
    run = run_of(signoff, tmp_path / "x", told("a"))
    found = status(signoff, run)
    assert (found["verdict"], found["ways_out"]) == ("GO", [])
    assert found["next"] == f"signoff approve {run} --role qa-lead --key KEY"


def test_status_of_a_part_that_is_go_names_the_whole_run(signoff: Command, tmp_path: Path) -> None:
    options = ("--check", "a", "--profile", "p")
    run = run_of(signoff, tmp_path / "x", told("a"), told("b"), options=options, profiles={"p": {"x": 1}})
    found = status(signoff, run)
    assert (found["verdict"], found["scope"], found["awaited"]) == ("GO", "partial", [])
    command = shlex.split(found["next"])
    assert command[:2] == ["signoff", "run"]
    assert signoff(*command[1:], "--output", tmp_path / "whole", "--quiet").code == 0
    assert status(signoff, tmp_path / "whole")["scope"] == "full"


def test_status_of_a_run_that_was_cut_off_names_what_is_due(signoff: Command, tmp_path: Path) -> None:
    run = run_of(signoff, tmp_path / "x", told("a"), told("b"))
    lines = (run / "journal.jsonl").read_text().splitlines(keepends=True)
    (run / "journal.jsonl").write_text("".join(lines[:2]))
    found = status(signoff, run)
    assert (found["state"], found["verdict"], found["done"], len(found["due"])) == ("unfinished", None, 1, 1)
    assert found["next"] == f"signoff continue {run}"


@pytest.mark.parametrize("state", ["fail", "no_data", "error"])
def test_every_way_out_is_a_command_that_works(signoff: Command, tmp_path: Path, state: str) -> None:
    ways = [
        way["way"] for way in status(signoff, run_of(signoff, tmp_path / "x", told("a"), told("b", state)))["ways_out"]
    ]
    assert ways == ["rerun", "waive", "abandon"]
    for number, way in enumerate(ways):
        run = run_of(signoff, tmp_path / str(number), told("a"), told("b", state))
        command = next(each["command"] for each in status(signoff, run)["ways_out"] if each["way"] == way)
        said = signoff(*shlex.split(command)[1:])
        assert said.code == {"rerun": 1 if state == "fail" else 3, "waive": 0, "abandon": 0}[way], said.err


def test_an_answer_and_a_need_are_ways_out_too(signoff: Command, tmp_path: Path) -> None:
    run = run_of(signoff, tmp_path / "x", told("a"), ASK, told("b", needs=["picture"]), options=("--non-interactive",))
    ways = [(each["about"], each["way"]) for each in status(signoff, run)["ways_out"]]
    assert ways == [("picture", "answer"), ("b", "continue"), ("the run", "abandon")]
    (tmp_path / "answers.yaml").write_text("picture: {answer: true, by: the QA lead}\n")
    assert signoff("continue", run, "--answers", tmp_path / "answers.yaml").code == 0


def test_a_waiver_given_to_a_run_is_shown_with_what_was_seen(signoff: Command, tmp_path: Path) -> None:
    run = run_of(signoff, tmp_path / "x", told("a"), told("b", "fail"))
    said = signoff("waive", run, "b", *WAIVED, "--expires", day(10), "--ticket", "T-1")
    assert said.code == 0, said.err
    record = json.loads((run / "verdict.json").read_text())
    result = record["checks"][1]
    assert (result["status"], result["raw_status"], result["waiver"]["ticket"]) == ("waived", "fail", "T-1")
    assert "T-1" in (run / "report.html").read_text()
    assert signoff("continue", run).code == 0
    assert json.loads((run / "verdict.json").read_text()) == record


@pytest.mark.parametrize(
    ("check", "expires", "message"),
    [
        ("nay", day(10), "nay is no check of the run"),
        ("a", day(10), "a is pass; a waiver covers fail, no_data and error"),
        ("c", day(10), "c is pending; a waiver covers"),
        ("b", day(-1), "it expires before it was created"),
        ("b", day(100), "waiver run-1 counts for longer than 90 days; let it expire sooner"),
        ("b", "tomorrow", "--expires: Input should be a valid datetime"),
        ("b", "2999-01-01T10:00:00+02:00", "--expires: Value error, write it in UTC"),
    ],
)
def test_a_waiver_that_cannot_be_given_changes_nothing(
    signoff: Command, tmp_path: Path, check: str, expires: str, message: str
) -> None:
    run = run_of(signoff, tmp_path / "x", told("a"), told("b", "fail"), told("c", "pending"))
    before = (run / "journal.jsonl").read_bytes()
    said = signoff("waive", run, check, *WAIVED, "--expires", expires)
    assert (said.code, message in said.err) == (2, True), said.err
    assert (run / "journal.jsonl").read_bytes() == before


def test_an_abandoned_run_is_never_go_and_never_goes_on(signoff: Command, tmp_path: Path) -> None:
    run = run_of(signoff, tmp_path / "x", told("a"))
    assert signoff("abandon", run, "--reason", "short").code == 2
    assert signoff("abandon", run, "--reason", "the release is withdrawn").code == 0
    record = json.loads((run / "verdict.json").read_text())
    assert (record["verdict"], record["reasons"][0].partition(": ")[0]) == ("HOLD", "the run was abandoned")
    assert "abandoned" in (run / "report.md").read_text()
    assert status(signoff, run)["state"] == "abandoned"
    for said in (signoff("continue", run), signoff("abandon", run, "--reason", "the release is withdrawn")):
        assert said.code == 2
        assert "was abandoned" in said.err


def test_diff_tells_what_newly_fails_is_fixed_and_is_expected_otherwise(signoff: Command, tmp_path: Path) -> None:
    def run(name: str, *checks: dict[str, Any]) -> Path:
        signoff("run", write(tmp_path, checklist(stage(*checks))), "--output", tmp_path / name, "--quiet")
        return tmp_path / name

    before = run("one", told("a"), told("b", "fail"), told("c", None, value=1, expect={"value": 1}), told("old"))
    after = run(
        "two", told("a", "error"), told("b"), told("c", None, value=1, expect={"value": {"above": 0}}), told("new")
    )
    said = signoff("diff", before, after, "--json")
    found = json.loads(said.out)
    assert said.code == 1
    assert found["newly_failing"] == [{"check": "a", "before": "pass", "after": "error: told so"}]
    assert found["fixed"] == [{"check": "b", "before": "fail", "after": "pass"}]
    assert [each["check"] for each in found["expectation_changed"]] == ["c"]
    assert (found["added"], found["removed"], found["slower"]) == (["new"], ["old"], [])
    assert "newly failing: a: pass → error: told so" in signoff("diff", before, after).out
    same = signoff("diff", before, before)
    assert (same.code, same.out) == (0, "nothing changed\n")
    assert signoff("diff", before, tmp_path / "nowhere").code == 2


def test_diff_tells_what_is_slower(signoff: Command, tmp_path: Path) -> None:
    run = run_of(signoff, tmp_path / "x", told("a"))
    slow = tmp_path / "slow"
    slow.mkdir()
    record = json.loads((run / "verdict.json").read_text())
    record["checks"][0]["duration_ms"] = 5000.0
    (slow / "verdict.json").write_text(json.dumps(record))
    assert signoff("diff", run, slow).out.startswith("slower: a: 0.0 s → 5.0 s")
    assert signoff("diff", slow, run).out == "nothing changed\n"
