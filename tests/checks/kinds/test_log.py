from __future__ import annotations

import base64
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from checks.check import Context
from checks.judging import judge
from checks.kinds.log import LogCheck
from checks.outcome import Status
from checks.target import Logs, Target
from checks.text_search import occurrences
from tests.checks.kinds.conftest import Make, MakeContext
from tests.checks.kinds.logged import every_second, request, write

START = datetime(2026, 1, 11, 10, tzinfo=UTC)
REFUSAL = {"status": 400, "error_type": "SAFETY_REFUSAL", "error_code": "moderation_blocked"}


@pytest.fixture
def logged(context: MakeContext) -> Context:
    """A run that began with the log: five requests, one of them refused."""
    made = context(started_at=START, now=lambda: START + timedelta(minutes=5), target=target("logs/*.jsonl"))
    write(made.root / "logs" / "proxy.jsonl", every_second(START, [{}, {}, REFUSAL, {"cache": "hit"}, {}]))
    return made


def target(*paths: str) -> Target:
    return Target(logs=Logs(format="image-proxy", paths=paths))


def test_counts_the_events_that_match(make: Make, logged: Context) -> None:
    check = make(LogCheck, event="image_request", where={"error_type": "SAFETY_REFUSAL"}, expect={"count": 1})
    observation = check.observe(logged)
    assert judge(check, observation)[0] is Status.PASS
    assert observation.properties["first"]["error_code"] == "moderation_blocked"


def test_an_event_that_is_not_there_fails(make: Make, logged: Context) -> None:
    check = make(LogCheck, event="cache_error", expect={"count": {"at_least": 1}})
    assert judge(check, check.observe(logged))[0] is Status.FAIL


def test_events_before_the_run_do_not_count(make: Make, logged: Context, context: MakeContext) -> None:
    later = context(started_at=START + timedelta(seconds=3), now=logged.now, target=logged.target)
    assert make(LogCheck, event="image_request").observe(later).properties["count"] == 2


def test_a_span_of_its_own(make: Make, logged: Context) -> None:
    check = make(LogCheck, event="image_request", since="299s")
    assert check.observe(logged).properties["count"] == 4


def test_fields_that_every_event_has_and_those_that_are_missing(make: Make, logged: Context) -> None:
    check = make(
        LogCheck,
        event="image_request",
        required_fields=["request_id", "prompt_hash", "user"],
        expect={"fields": {"contains": "request_id"}, "missing_fields": []},
    )
    observation = check.observe(logged)
    assert observation.properties["missing_fields"] == ["user"]
    assert judge(check, observation)[0] is Status.FAIL


def test_no_event_has_neither_all_fields_nor_lacks_any(make: Make, logged: Context) -> None:
    check = make(LogCheck, event="absent", required_fields=["request_id"], expect={"missing_fields": []})
    assert judge(check, check.observe(logged))[0] is Status.NO_DATA


def test_distinct_values_of_a_field(make: Make, logged: Context) -> None:
    check = make(LogCheck, event="image_request", distinct="cache", expect={"values": {"contains": "hit"}})
    observation = check.observe(logged)
    assert observation.properties["values"] == {"hit": 1, "miss": 4}
    assert judge(check, observation)[0] is Status.PASS


def test_values_of_more_events_than_are_looked_at_are_unknown(
    make: Make, logged: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("checks.kinds.log.MAX_EVENTS", 3)
    check = make(LogCheck, event="image_request", distinct="cache", expect={"values": {"contains": "miss"}})
    status, reason = judge(check, check.observe(logged))
    assert status in {Status.NO_DATA, Status.ERROR}
    assert "3 of 5 events" in reason


def test_text_in_the_raw_line(make: Make, logged: Context) -> None:
    check = make(LogCheck, text="moderation_blocked", expect={"count": 1})
    assert judge(check, check.observe(logged))[0] is Status.PASS


def test_no_log_is_no_data_and_names_the_pattern(make: Make, context: MakeContext) -> None:
    observation = make(LogCheck, event="x", expect={"count": 0}).observe(context(target=target("logs/*.jsonl")))
    assert observation.status is Status.NO_DATA
    assert "logs/*.jsonl" in observation.reason
    assert observation.remedy


def test_no_log_named_at_all_is_no_data(make: Make, context: MakeContext) -> None:
    assert make(LogCheck, event="x", expect={"count": 0}).observe(context()).status is Status.NO_DATA


def test_a_log_that_is_mostly_something_else_is_no_data(make: Make, logged: Context) -> None:
    write(logged.root / "logs" / "proxy.jsonl", [request(START)])
    with (logged.root / "logs" / "proxy.jsonl").open("a") as log:
        log.write("not a structured event\n" * 10)
    observation = make(LogCheck, event="image_request", expect={"count": 1}).observe(logged)
    assert observation.status is Status.NO_DATA


def test_a_source_of_its_own(make: Make, logged: Context) -> None:
    write(logged.root / "other.jsonl", [request(START, event="server_started")])
    check = make(LogCheck, source=["other.jsonl"], event="server_started", expect={"count": 1})
    assert judge(check, check.observe(logged))[0] is Status.PASS


def test_texts_that_are_nowhere(make: Make, logged: Context) -> None:
    (logged.root / "proxy.db").write_bytes(b"\0nothing\0")
    check = make(
        LogCheck,
        absent_text=["a red kite", "a blue whale"],
        files=["logs/*", "proxy.db"],
        expect={"occurrences": 0, "files": 2},
    )
    assert judge(check, check.observe(logged))[0] is Status.PASS


@pytest.mark.parametrize("stored", [b"a red kite", base64.b64encode(b"_a red kite_"), rb"a\u0020red kite"])
def test_a_text_that_was_stored_fails_and_is_not_told_again(make: Make, logged: Context, stored: bytes) -> None:
    (logged.root / "proxy.db").write_bytes(b"\0" + stored + b"\0")
    check = make(LogCheck, absent_text=["a red kite"], files=["proxy.db"], expect={"occurrences": 0})
    observation = check.observe(logged)
    assert judge(check, observation)[0] is Status.FAIL
    assert observation.properties["occurrences"] == 1
    assert b"red kite" not in observation.evidence[0].content


def test_the_source_is_searched_where_no_files_are_named(make: Make, logged: Context) -> None:
    check = make(LogCheck, absent_text=["moderation_blocked"], expect={"occurrences": 0})
    assert judge(check, check.observe(logged))[0] is Status.FAIL


def test_a_file_that_is_not_there_is_no_absence(make: Make, logged: Context) -> None:
    check = make(LogCheck, absent_text=["a red kite"], files=["logs/*", "proxy.db"], expect={"occurrences": 0})
    observation = check.observe(logged)
    assert observation.status is Status.NO_DATA
    assert "proxy.db" in observation.reason


def test_a_journal_that_is_gone_since_holds_nothing(
    make: Make, logged: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = logged.root / "proxy.db-journal"
    journal.write_bytes(b"merged")
    (logged.root / "proxy.db").write_bytes(b"a red kite")

    def vanishing(text: str, path: Path, stop: threading.Event) -> int:
        journal.unlink(missing_ok=True)
        return occurrences(text, path, stop)

    monkeypatch.setattr("checks.kinds.log.occurrences", vanishing)
    check = make(LogCheck, absent_text=["a red kite"], files=["proxy.db*"], expect={"occurrences": 0})
    assert check.observe(logged).properties["occurrences"] == 1


def test_a_file_that_cannot_be_read_is_an_error(make: Make, logged: Context) -> None:
    (logged.root / "torn.gz").write_bytes(b"\x1f\x8b torn")
    check = make(LogCheck, absent_text=["a red kite"], files=["torn.gz"], expect={"occurrences": 0})
    observation = check.observe(logged)
    assert observation.status is Status.ERROR
    assert "torn.gz" in observation.reason


def test_no_file_named_at_all_is_no_absence(make: Make, context: MakeContext) -> None:
    check = make(LogCheck, absent_text=["a red kite"], expect={"occurrences": 0})
    assert check.observe(context()).status is Status.NO_DATA


def test_a_folder_that_is_not_there_is_no_absence(make: Make, context: MakeContext) -> None:
    check = make(LogCheck, absent_text=["a red kite"], files=["nowhere/*"], expect={"occurrences": 0})
    observation = check.observe(context())
    assert observation.status is Status.NO_DATA
    assert "nowhere" in observation.reason


def test_a_search_that_was_stopped_is_an_error(make: Make, logged: Context, context: MakeContext) -> None:
    stop = threading.Event()
    stop.set()
    check = make(LogCheck, absent_text=["a red kite"], expect={"occurrences": 0})
    assert check.observe(context(target=logged.target, stop=stop)).status is Status.ERROR


def test_events_and_absence_together(make: Make, logged: Context) -> None:
    check = make(LogCheck, event="image_request", absent_text=["a red kite"], expect={"count": 5, "occurrences": 0})
    assert judge(check, check.observe(logged))[0] is Status.PASS


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "say what to look for"),
        ({"event": "x", "files": ["y"]}, "absent_text"),
        ({"absent_text": ["text"], "distinct": "cache"}, "name the `event`"),
        ({"absent_text": ["abc"]}, "at least 4 characters"),
        ({"event": "x", "where": {"a": [1]}}, "where"),
    ],
)
def test_what_asks_for_nothing_is_refused_when_loaded(make: Make, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        make(LogCheck, **fields)
