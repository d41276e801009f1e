"""Runs that are gone on with: what stands, what is looked at again, and what is kept of before."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checks.engine import Options
from checks.errors import ConfigurationError
from checks.events import Event
from checks.journal import VERSION, JournalError
from checks.outcome import Status, Verdict
from checks.request import Request
from checks.resuming import resumed
from checks.run import conduct
from tests.checks.running import Run, checklist, conducted, stage, told, write

pytestmark = pytest.mark.usefixtures("plugin")


def exists(id_: str, **fields: Any) -> dict[str, Any]:
    """A check that passes while a file of its name is there."""
    return {"id": id_, "title": id_, "kind": "file", "path": f"{id_}.txt", "expect": {"exists": True}, **fields}


def gone_on(found: Run, *, options: Options | None = None, **asked: Any) -> Run:
    """The same run after another session."""
    events: list[Event] = []
    request = resumed(found.folder.path, **{"settings": {}, "environ": {}, **asked})
    folder, record = conduct(request, events.append, options or Options(), threading.Event())
    return Run(record, folder, events)


def looked_at(found: Run) -> list[str]:
    """The checks that the last session looked at."""
    return [event.facts["check"] for event in found.events if event.name == "check_started"]


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def with_reports(found: Run) -> Run:
    """The run with its reports, as the command line writes them."""
    for name in ("report.md", "report.html", "junit.xml"):
        (found.folder.path / name).write_text("a report")
    return found


def test_where_nothing_is_due_nothing_is_touched(tmp_path: Path) -> None:
    found = with_reports(
        conducted(write(tmp_path, checklist(stage(told("a"), told("b", "fail"), told("c", "pending")))))
    )
    before = content(found.folder.path)
    again = gone_on(found)
    assert (looked_at(again), again.record, again.events) == ([], found.record, [])
    assert content(found.folder.path) == before


@pytest.mark.parametrize("finished", range(5))
def test_a_run_that_was_killed_is_gone_on_with_from_where_it_was(tmp_path: Path, finished: int) -> None:
    found = conducted(write(tmp_path, checklist(stage(*(told(f"c-{each}") for each in range(5))))))
    journal = found.folder.path / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[: 1 + finished]) + lines[1 + finished][:-7])
    (found.folder.path / "verdict.json").unlink()
    (found.folder.path / ".scratch" / "c-9").mkdir(parents=True)
    again = gone_on(found)
    done = [json.loads(line)["result"]["id"] for line in lines[1 : 1 + finished]]
    assert sorted(looked_at(again)) == sorted({f"c-{each}" for each in range(5)} - set(done))
    assert (again.record.verdict, again.record.run_id, again.record.interrupted) == (
        Verdict.GO,
        found.record.run_id,
        False,
    )
    assert all(result.earlier == () for result in again.record.checks)
    assert not (found.folder.path / ".scratch").exists()


def test_a_check_is_looked_at_again_with_all_that_hangs_on_it_and_the_first_results_are_kept(tmp_path: Path) -> None:
    checks = [exists("a"), told("b", needs=["a"]), told("c", needs=["b"]), told("d")]
    rollup = {"id": "sum", "title": "All", "kind": "rollup", "all_of": ["a", "d"]}
    found = conducted(write(tmp_path, checklist(stage(*checks, rollup))))
    assert found.statuses == {"a": "fail", "b": "blocked", "c": "blocked", "d": "pass", "sum": "fail"}
    (tmp_path / "a.txt").write_text("")
    again = gone_on(found, again=["a"], reason="the file is there now")
    assert again.statuses == {"a": "pass", "b": "pass", "c": "pass", "d": "pass", "sum": "pass"}
    assert sorted(looked_at(again)) == ["a", "b", "c", "sum"]
    (earlier,) = again["a"].earlier
    assert (earlier.status, earlier.because) == (Status.FAIL, "the file is there now")
    assert again.record.verdict is Verdict.GO
    (rerun,) = again.record.reruns
    assert (rerun.checks, rerun.reason) == (("a",), "the file is there now")
    third = gone_on(again, again=["a"], reason="once more, to see")
    assert [each.because for each in third["b"].earlier] == ["it hangs on a"]
    assert [each.status for each in third["a"].earlier] == [Status.FAIL, Status.PASS]
    assert len(third.record.reruns) == 2


def test_a_failure_that_comes_back_blocks_what_had_passed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("")
    rollup = {"id": "sum", "title": "Both", "kind": "rollup", "all_of": ["b", "c"]}
    found = conducted(write(tmp_path, checklist(stage(exists("a"), told("b", needs=["a"]), told("c"), rollup))))
    assert found.record.verdict is Verdict.GO
    (tmp_path / "a.txt").unlink()
    again = gone_on(found, again=["a"], reason="is it still there?")
    assert again.statuses == {"a": "fail", "b": "blocked", "c": "pass", "sum": "blocked"}
    assert [each.status for each in again["b"].earlier] == [Status.PASS]
    assert again.record.verdict is Verdict.NO_GO


def test_the_evidence_of_every_look_is_kept(tmp_path: Path) -> None:
    found = conducted(write(tmp_path, checklist(stage(told("a", note="the first")))))
    write(tmp_path, checklist(stage(told("a", note="the second"))))
    again = gone_on(found)
    (earlier,) = again["a"].earlier
    texts = [(again.folder.path / each.evidence[0].path).read_text() for each in (earlier, again["a"])]
    assert texts == ["the first", "the second"]


def changed_definition(folder: Path) -> dict[str, Any]:
    write(folder, checklist(stage(told("a", note="another")), default_profile="p", profiles={"p": {"x": 1}}))
    return {}


def changed_profile(folder: Path) -> dict[str, Any]:
    write(folder, checklist(stage(told("a", note="x is ${x}")), default_profile="p", profiles={"p": {"x": 2}}))
    return {}


def changed_release(folder: Path) -> dict[str, Any]:
    changed = checklist(stage(told("a", note="x is ${x}")), default_profile="p", profiles={"p": {"x": 1}})
    write(folder, {**changed, "release": {"name": "Thing", "version": "v1.0.1"}})
    return {}


def changed_target(folder: Path) -> dict[str, Any]:
    return {"settings": {"target.data_dir": "/elsewhere"}}


@pytest.mark.parametrize("change", [changed_definition, changed_profile, changed_release, changed_target])
def test_a_result_whose_inputs_changed_does_not_stand(tmp_path: Path, change: Callable[[Path], dict[str, Any]]) -> None:
    given = checklist(stage(told("a", note="x is ${x}")), default_profile="p", profiles={"p": {"x": 1}})
    found = with_reports(conducted(write(tmp_path, given)))
    assert looked_at(gone_on(found)) == []
    again = gone_on(found, **change(tmp_path))
    assert looked_at(again) == ["a"]
    assert [each.because for each in again["a"].earlier] == [
        "the check, its profile, the release or the target changed"
    ]


def test_a_change_of_another_check_lets_a_result_stand(tmp_path: Path) -> None:
    found = conducted(write(tmp_path, checklist(stage(told("a"), told("b", "fail")))))
    write(tmp_path, checklist(stage(told("a"), told("b"), told("c"))))
    again = gone_on(found)
    assert sorted(looked_at(again)) == ["b", "c"]
    assert again.record.checklist.sha256 != found.record.checklist.sha256
    assert again.record.verdict is Verdict.GO


def test_what_awaits_an_answer_is_asked_again_and_is_no_re_run(tmp_path: Path) -> None:
    ask = {"id": "picture", "title": "Good picture", "kind": "ask", "question": "Is it good?", "role": "qa-lead"}
    found = with_reports(conducted(write(tmp_path, checklist(stage(ask, told("b", needs=["picture"]))))))
    assert found.statuses == {"picture": "pending", "b": "blocked"}
    assert looked_at(gone_on(found)) == []
    again = gone_on(found, options=Options(answers={"picture": {"answer": True, "by": "the QA lead"}}))
    assert again.statuses == {"picture": "pass", "b": "pass"}
    assert (again["picture"].earlier, again.record.reruns) == ((), ())


def test_what_was_interrupted_is_looked_at_again(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    found = conducted(write(tmp_path, checklist(stage(told("a"), told("b")))), stop=stop)
    assert found.record.interrupted
    again = gone_on(found)
    assert (again.statuses, again.record.interrupted) == ({"a": "pass", "b": "pass"}, False)


@pytest.mark.parametrize(
    ("again", "reason", "told_so"),
    [
        (["nay"], "long enough", "nay is no check of the run; allowed: "),
        (["b"], "long enough", "b is blocked and was not looked at yet; `signoff continue "),
        (["a"], "short", "a reason of at least 10 characters is needed"),
    ],
)
def test_what_cannot_be_run_again_is_refused_and_nothing_is_run(
    tmp_path: Path, again: list[str], reason: str, told_so: str
) -> None:
    found = conducted(write(tmp_path, checklist(stage(told("a", "fail"), told("b", needs=["a"])))))
    before = content(found.folder.path)
    with pytest.raises(ConfigurationError, match=told_so):
        gone_on(found, again=again, reason=reason)
    assert content(found.folder.path) == before


def test_a_secret_setting_is_not_kept_and_is_asked_for_again(tmp_path: Path) -> None:
    settings = {"target.api_key": "sk-hidden-0123456789", "target.data_dir": "here"}
    found = conducted(write(tmp_path, checklist(stage(told("a", "fail")))), settings=settings)
    assert b"sk-hidden" not in (found.folder.path / "journal.jsonl").read_bytes()
    with pytest.raises(ConfigurationError, match=r"what is secret is not kept.*--set target\.api_key=…"):
        gone_on(found, again=["a"], reason="a new attempt")
    given = {"target.api_key": "sk-hidden-0123456789"}
    assert looked_at(gone_on(found, again=["a"], reason="a new attempt", settings=given)) == ["a"]


def test_a_run_and_its_checklist_can_be_moved_together(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    found = conducted(write(tmp_path / "old", checklist(stage(told("a"), exists("b")))))
    (tmp_path / "old").rename(tmp_path / "new")
    (tmp_path / "new" / "b.txt").write_text("")
    run = tmp_path / "new" / found.folder.path.relative_to(tmp_path / "old")
    request = resumed(run, again=["b"], reason="it is there now", settings={}, environ={})
    _, record = conduct(request, lambda event: None, Options(), threading.Event())
    assert record.verdict is Verdict.GO
    shutil.move(tmp_path / "new" / "checklist.yaml", tmp_path / "elsewhere.yaml")
    with pytest.raises(ConfigurationError, match="say where it is by --checklist"):
        resumed(run, settings={}, environ={})
    assert isinstance(resumed(run, checklist=tmp_path / "elsewhere.yaml", settings={}, environ={}), Request)


@pytest.mark.parametrize(
    ("line", "told_so"),
    [
        ({"journal": 99}, f"is of version 99 of the journal, and this signoff reads {VERSION}; use the signoff"),
        ({"event": 5}, "is no event of a run"),
        ({"event": "gone_home"}, "there is no event 'gone_home'"),
        ({"event": "check_finished", "result": {}}, "is not as a run writes it"),
    ],
)
def test_a_journal_that_is_not_ours_is_refused_with_its_line(
    tmp_path: Path, line: dict[str, Any], told_so: str
) -> None:
    found = conducted(write(tmp_path, checklist(stage(told("a")))))
    journal = found.folder.path / "journal.jsonl"
    event = {"journal": VERSION, "ts": "2026-01-11T10:00:00+00:00", "event": "run_finished", **line}
    journal.write_text(journal.read_text() + json.dumps(event) + "\n")
    with pytest.raises(JournalError, match=rf"journal\.jsonl:4: .*{told_so}"):
        gone_on(found)


def test_a_journal_with_a_broken_line_or_none_is_refused(tmp_path: Path) -> None:
    found = conducted(write(tmp_path, checklist(stage(told("a")))))
    journal = found.folder.path / "journal.jsonl"
    journal.write_text("{\n" + journal.read_text())
    with pytest.raises(JournalError, match=r"journal\.jsonl:1: is not JSON"):
        gone_on(found)
    journal.write_text("")
    with pytest.raises(JournalError, match="does not tell how the run began"):
        gone_on(found)
    with pytest.raises(JournalError, match=r"cannot be read: No such file or directory; name the folder of a run"):
        resumed(tmp_path / "nowhere", settings={}, environ={})
