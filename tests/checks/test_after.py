"""`after`: what is scheduled, when it becomes due, and that it is then looked at by `continue`."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from checks.after import After
from checks.engine import Options
from checks.events import Event
from checks.linting import lint_checklist
from checks.outcome import Result, Status, Verdict
from checks.resuming import resumed
from checks.run import conduct
from checks.schedule import due_at
from checks.standing import standing_of
from tests.checks.running import Run, checklist, conducted, stage, told, write

pytestmark = pytest.mark.usefixtures("plugin")

NOON = datetime(2026, 1, 11, 12, tzinfo=UTC)
ONE = datetime(2026, 1, 11, 13, tzinfo=UTC)
LATER = {"check": "a", "wait": "24h"}


def first_and(*later: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A stage with the check `a`, and one that comes later."""
    return checklist(stage(told("a")), stage(*later, id_="later", **fields), approvals=[{"role": "qa-lead"}])


def gone_on(found: Run, **asked: Any) -> Run:
    """The same run after another session."""
    events: list[Event] = []
    request = resumed(found.folder.path, **{"settings": {}, "environ": {}, **asked})
    folder, record = conduct(request, events.append, Options(), threading.Event())
    return Run(record, folder, events)


def back_dated(found: Run, by: timedelta) -> Run:
    """The same run, begun so much earlier: every time in its journal is moved."""
    path = found.folder.path / "journal.jsonl"
    events = [json.loads(line) for line in path.read_text().splitlines()]

    def moved(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: moved(value) for key, value in part.items()}
        if isinstance(part, list):
            return [moved(each) for each in part]
        try:
            return (datetime.fromisoformat(part) - by).isoformat()
        except (TypeError, ValueError):
            return part

    path.write_text("".join(f"{json.dumps(moved(event))}\n" for event in events))
    return found


def result(status: Status, ended: datetime | None = NOON, **fields: Any) -> Result:
    """A required result that ended then."""
    facts = {"id": "a", "title": "A", "stage": "s", "kind": "told", "required": True, **fields}
    return Result.model_validate({**facts, "status": status, "started_at": ended})


@pytest.mark.parametrize(
    ("after", "before", "expected"),
    [
        ({"check": "a", "wait": "24h"}, [result(Status.PASS)], NOON + timedelta(days=1)),
        ({"check": "a"}, [result(Status.WAIVED), result(Status.WARN, ONE)], ONE),
        ({"check": "a"}, [result(Status.PASS, duration_ms=1000.0)], NOON + timedelta(seconds=1)),
        ({"check": "a"}, [result(Status.PASS), result(Status.FAIL)], None),
        ({"check": "a"}, [result(Status.SCHEDULED, None)], None),
        ({"check": "a"}, [result(Status.NOT_APPLICABLE, None)], None),
        ({"stage": "s", "wait": "1h"}, [result(Status.PASS), result(Status.NOT_APPLICABLE, None)], ONE),
        ({"stage": "s"}, [result(Status.PASS), result(Status.FAIL, required=False)], NOON),
        ({"stage": "s"}, [result(Status.PASS), result(Status.PENDING)], None),
        ({"stage": "s"}, [result(Status.PASS), result(Status.SCHEDULED, None)], None),
        ({"stage": "s"}, [], None),
        ({"at": "2026-01-12T00:00:00Z"}, [], datetime(2026, 1, 12, tzinfo=UTC)),
        ({"approval": "all", "wait": "7d"}, [], None),
    ],
)  # fmt: skip
def test_when_it_is_due(after: dict[str, Any], before: list[Result], expected: datetime | None) -> None:
    assert due_at(After.model_validate(after), before, None) == expected


def test_the_approval_begins_the_wait() -> None:
    after = After.model_validate({"approval": "all", "wait": "7d"})
    assert due_at(after, [], NOON) == NOON + timedelta(days=7)


def test_what_comes_a_while_later_is_scheduled_and_then_due(tmp_path: Path) -> None:
    found = conducted(write(tmp_path, first_and(told("b", after=LATER), told("c"))))
    assert found.statuses == {"a": "pass", "b": "scheduled", "c": "pass"}
    assert (found.record.verdict, found["b"].reason[:33]) == (Verdict.GO, "due after the check a and 1 d, at")
    for name in ("report.md", "report.html", "junit.xml"):
        (found.folder.path / name).write_text("a report")
    assert gone_on(found).events == []
    now = datetime.now(UTC)
    before, then = (standing_of(found.folder.path, "RUN", at) for at in (now, now + timedelta(days=2)))
    assert (before.due, len(before.scheduled)) == ((), 1)
    assert (then.due, then.scheduled, then.next) == (("b",), (), "signoff continue RUN")
    again = gone_on(back_dated(found, timedelta(days=2)))
    assert again.statuses == {"a": "pass", "b": "pass", "c": "pass"}
    assert [event.facts["check"] for event in again.events if event.name == "check_started"] == ["b"]
    assert again["b"].earlier == ()


def test_what_it_comes_after_is_looked_at_again_and_it_is_scheduled_anew(tmp_path: Path) -> None:
    found = conducted(write(tmp_path, first_and(told("b", after=LATER))))
    done = gone_on(back_dated(found, timedelta(days=2)))
    assert done.statuses == {"a": "pass", "b": "pass"}
    again = gone_on(done, again=["a"], reason="it was deployed again")
    assert again.statuses == {"a": "pass", "b": "scheduled"}
    assert [each.status for each in again["b"].earlier] == [Status.PASS]


def test_what_comes_at_once_after_a_stage_is_looked_at_in_the_same_session(tmp_path: Path) -> None:
    assert conducted(write(tmp_path, first_and(told("b"), after={"stage": "first"}))).statuses["b"] == "pass"


def test_what_comes_after_a_failure_is_not_looked_at(tmp_path: Path) -> None:
    content = checklist(stage(told("a", "fail")), stage(told("b"), id_="later", after={"stage": "first"}))
    found = conducted(write(tmp_path, content))
    assert (found.statuses, found["b"].due_at) == ({"a": "fail", "b": "scheduled"}, None)
    assert found["b"].reason == "due after the stage first"


def test_a_time_that_has_come_and_one_that_has_not(tmp_path: Path) -> None:
    content = first_and(told("b", after="2026-01-01T10:00:00Z"), told("c", after="2999-01-01"))
    found = conducted(write(tmp_path, content))
    assert found.statuses == {"a": "pass", "b": "pass", "c": "scheduled"}
    assert found["c"].reason == "due after 2999-01-01 23:59:59 UTC"


def test_after_the_approval_it_is_due_and_stays_so(tmp_path: Path) -> None:
    later = [told("b", note="${env:ONLY_THEN}"), told("c", after={"approval": "all", "wait": "7d"})]
    found = conducted(write(tmp_path, first_and(*later, after="approval")))
    assert found.statuses == {"a": "pass", "b": "scheduled", "c": "scheduled"}
    assert (found["b"].reason, found["c"].reason) == ("due after approval", "due after approval and 7 d")
    approved, environ = datetime.now(UTC) - timedelta(minutes=5), {"ONLY_THEN": "here"}
    again = gone_on(found, approved=approved, environ=environ)
    assert again.statuses == {"a": "pass", "b": "pass", "c": "scheduled"}
    assert again["c"].due_at == approved + timedelta(days=7)
    once_more = gone_on(back_dated(again, timedelta(days=8)), environ=environ)
    assert once_more.statuses == {"a": "pass", "b": "pass", "c": "pass"}


def test_a_profile_says_how_long(tmp_path: Path) -> None:
    later = told("b", after={"check": "a", "wait": "${wait}"})
    content = {**first_and(later), "profiles": {"slow": {"wait": "7d"}, "fast": {"wait": "0s"}}}
    path = write(tmp_path, content)
    assert [conducted(path, profile=each).statuses["b"] for each in ("slow", "fast")] == ["scheduled", "pass"]


def test_a_selection_takes_along_what_it_comes_after(tmp_path: Path) -> None:
    found = conducted(write(tmp_path, first_and(told("b"), after={"stage": "first"})), stages=("later",))
    assert found.statuses == {"a": "pass", "b": "pass"}


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ({"check": "nay"}, "after names 'nay', which is no check; allowed: a, b"),
        ({"stage": "frist"}, "after names 'frist', which is no stage; did you mean 'first'?"),
        ({"stage": "later"}, "after names 'later', which comes no sooner; move one of them"),
        ({"check": "b"}, "needs go round in a circle: b → b; remove one"),
        ({"check": "a", "stage": "first"}, "give one of `approval: all`, `check: ID`, `stage: ID` and `at: INSTANT`"),
        ({"wait": "1h"}, "give one of `approval: all`, `check: ID`, `stage: ID` and `at: INSTANT`"),
        ({"at": "2026-01-01", "wait": "1h"}, "`at` is when it is due; leave `wait` out"),
        ({"check": "a", "wait": "-1h"}, "is negative; a time is zero or more"),
        ({"check": "a", "wait": 24}, "a span takes a unit"),
        ("2026-01-01T10:00:00+02:00", "write it in UTC"),
        ("later", "valid datetime"),
        ({"approval": "some"}, "approval"),
    ],
)
def test_what_cannot_be_scheduled_is_an_error_of_the_file(tmp_path: Path, after: Any, message: str) -> None:
    errors, _ = lint_checklist(write(tmp_path, first_and(told("b", after=after))), None, {})
    assert any(message in error.message for error in errors), [error.message for error in errors]
    assert all(error.line for error in errors)


def test_a_stage_that_cannot_be_scheduled_is_told_once(tmp_path: Path) -> None:
    errors, _ = lint_checklist(write(tmp_path, first_and(told("b"), told("c"), after={"stage": "nay"})), None, {})
    assert [error.message for error in errors] == ["after names 'nay', which is no stage; allowed: first, later"]
