"""Events by name and fields, never by a text that anything may hold."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from checks.metrics.errors import LogSourceError
from checks.metrics.events import read_events
from tests.checks.metrics.corpus import FORGED, START, record, write_lines


@pytest.fixture
def log(tmp_path: Path) -> Path:
    cause = {"ts": "2026-01-11T10:00:00Z", "event": "cache_error", "cause": "No space left", "code": 28, "extra": None}
    return write_lines(
        tmp_path / "a.jsonl",
        record(START, status=400, error_type="SAFETY_REFUSAL", request_id="a"),
        record(START + timedelta(minutes=1), request_id="b", model=FORGED),
        record(START + timedelta(minutes=1), request_id="b", model=FORGED),
        cause,
        {**cause, "operation": "store"},
        "",
    )


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ({}, 2),
        ({"status": 400}, 1),
        ({"status": 400.0, "error_type": "SAFETY_REFUSAL"}, 1),
        ({"status": "400"}, 0),
        ({"error_type": None}, 1),
        ({"never_there": None}, 2),
        ({"never_there": 1}, 0),
        ({"synthetic": False}, 2),
        ({"synthetic": True}, 0),
        ({"synthetic": "false"}, 0),
        ({"model": FORGED}, 1),
        ({"n": True}, 0),
    ],
    ids=str,
)
def test_fields_equal_by_value_and_type(log: Path, where: dict[str, object], count: int) -> None:
    assert read_events([log], event="image_request", where=where).count == count


def test_what_is_found_is_described(log: Path) -> None:
    found = read_events([log], event="cache_error", limit=1)
    assert found.count == 2
    assert [event["cause"] for event in found.events] == ["No space left"]
    assert found.fields == {"ts", "event", "cause", "code", "extra"}
    assert (found.lines, found.unparsed, found.reason_if_unknown) == (6, 0, None)


def test_fields_alone_may_be_asked_for(log: Path) -> None:
    assert read_events([log], where={"code": 28}).count == 2


def test_a_record_that_stands_twice_is_one_event(log: Path) -> None:
    found = read_events([log], event="image_request", where={"model": FORGED})
    assert (found.count, len(found.events)) == (1, 1)


def test_a_span_is_kept_to(log: Path) -> None:
    def count(**span: Any) -> int:
        return read_events([log], event="image_request", **span).count

    middle = START + timedelta(seconds=30)
    assert (count(since=middle), count(until=middle), count(since=START, until=middle)) == (1, 1, 1)


@pytest.mark.parametrize("text", ['a "quoted" caf\u00e9', "\U0001f600", "back\\slash"])
@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_a_text_is_found_however_json_writes_it(tmp_path: Path, text: str, ensure_ascii: bool) -> None:
    line = json.dumps(record(START, model=f"x {text} y"), ensure_ascii=ensure_ascii)
    found = read_events([write_lines(tmp_path / "a.jsonl", line, record(START))], text=text)
    assert found.count == 1


def test_a_text_is_found_in_lines_that_are_no_events(tmp_path: Path) -> None:
    good = [record(START, request_id=str(place)) for place in range(400)]
    log = write_lines(tmp_path / "a.jsonl", *good, "plain secret", b"bad \xff secret", b"torn secret", end=b"")
    found = read_events([log], text="secret")
    assert (found.count, found.events, found.fields) == (3, (), frozenset())
    assert (found.lines, found.unparsed, found.reason_if_unknown) == (403, 2, None)
    assert read_events([log], event="image_request", text="secret").count == 0
    assert read_events([log], text="secret", since=START).reason_if_unknown == "3 matching line(s) name no time"


def test_a_whole_last_line_without_an_end_is_an_event(tmp_path: Path) -> None:
    log = write_lines(tmp_path / "a.jsonl", record(START), end=b"")
    assert read_events([log], event="image_request").count == 1


def test_too_much_that_is_no_event_makes_the_count_unreliable(tmp_path: Path) -> None:
    log = write_lines(tmp_path / "a.jsonl", record(START), "plain")
    found = read_events([log], event="cache_error")
    assert (found.count, found.reason_if_unknown) == (0, "50.0% of the lines are no structured events")


def test_missing_parts_make_the_count_unreliable(tmp_path: Path) -> None:
    log = write_lines(tmp_path / "a.jsonl", record(START))
    (tmp_path / "b.gz").write_bytes(gzip.compress(json.dumps(record(START)).encode())[:-8])
    (tmp_path / "c.zst").write_bytes(b"\x28\xb5\x2f\xfd")
    found = read_events([f"{tmp_path}/*", tmp_path / "gone"], event="image_request")
    assert log.exists()
    for part in ("b.gz ends early", "c.zst ends early", "gone: there is no such file"):
        assert part in (found.reason_if_unknown or "")


def test_a_line_too_long_to_search_makes_a_text_unreliable(tmp_path: Path) -> None:
    good = [record(START, request_id=str(place)) for place in range(200)]
    log = write_lines(tmp_path / "a.jsonl", *good, "x" * (11 * 1024 * 1024), record(START))
    assert read_events([log], text="y z").reason_if_unknown == "1 line(s) are too long to be searched"
    assert read_events([log], event="cache_error").reason_if_unknown is None


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LogSourceError, match="no such file"):
        read_events([tmp_path / "gone"], event="cache_error")
    with pytest.raises(LogSourceError, match="it is a folder"):
        read_events([tmp_path], event="cache_error")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "ask for an event"),
        ({"text": ""}, "ask for an event"),
        ({"where": {"a": [1]}}, "field a: a list can't be compared"),
        ({"where": {'a"b': 1}}, "can't be a field's name"),
    ],
)
def test_what_cannot_be_asked_is_refused(log: Path, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_events([log], **asked)
