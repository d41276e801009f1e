"""One line explained: what it was read as is what the reading of its file made of it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.metrics.engine import read_windows
from checks.metrics.errors import LogSourceError
from checks.metrics.explanation import explain_line
from checks.metrics.log_format import PlainLines
from tests.checks.metrics.corpus import START, record, write_lines


def test_a_request_is_explained_by_its_fields_and_its_outcome(tmp_path: Path) -> None:
    log = write_lines(tmp_path / "a.jsonl", record(START), record(START, status=503, error_type="API_ERROR"))
    found = explain_line(log, 2)
    assert (found.format, found.first, found.last, found.recognised) == ("image-proxy", 2, 2, True)
    assert (found.event, found.counts, found.state, found.outcome) == ("image_request", "request", "parsed", "failed")
    assert found.fields["status"] == "503"
    assert found.fields["duration_ms"] == "8.5"


@pytest.mark.parametrize(
    ("line", "recognised", "event", "state"),
    [
        (2, True, "server_started", "ignored"),
        (3, False, None, "unparsed"),
        (4, False, None, "ignored"),
        (5, True, "image_request", "unparsed"),
    ],
)
def test_other_lines_are_told_apart(tmp_path: Path, line: int, recognised: bool, event: str | None, state: str) -> None:
    other = {"ts": "2026-01-11T10:00:00Z", "event": "server_started"}
    log = write_lines(tmp_path / "a.jsonl", record(START), other, "garbage", "", record(START, duration_ms=-1))
    found = explain_line(log, line)
    assert (found.recognised, found.event, found.state, found.outcome) == (recognised, event, state, None)


def test_a_line_that_is_not_there_and_several_files_are_mistakes(tmp_path: Path) -> None:
    log = write_lines(tmp_path / "a.jsonl", record(START))
    write_lines(tmp_path / "b.jsonl", record(START))
    with pytest.raises(LogSourceError, match=r"a.jsonl: it has 1 lines, not 2; ask for one of them"):
        explain_line(log, 2)
    with pytest.raises(LogSourceError, match="these are 2 files; name the one whose line is meant"):
        explain_line(f"{tmp_path}/*.jsonl", 1)


PLAIN = """
name: plain
title: a service that mostly says that it is idle
syntax: pattern
first_line: '^[0-9]{4} [A-Z]+: '
plain_lines: {begin: "____ ", contain: "IDLE: "}
time_form: epoch_s
events:
  - {name: done, contains: ["DONE: "], pattern: '^(?P<time>[0-9]+) DONE: (?P<status>[0-9]+)$'}
failed: [{field: status, at_least: 500}]
"""


def test_a_plain_line_begins_a_record_without_its_pattern(tmp_path: Path) -> None:
    (tmp_path / "plain.yaml").write_text(PLAIN)
    lines = [
        "1001 DONE: 200",
        "20x2 IDLE: nothing",
        "and more",
        "1003 DONE: 500",
        "  IDLE: of before",
        "1004 DONE: 200",
    ]
    log = write_lines(tmp_path / "plain.log", *lines)
    found = [explain_line(log, at, log_format=str(tmp_path / "plain.yaml")) for at in range(1, 7)]
    assert [(each.first, each.last, each.event, each.recognised) for each in found] == [
        (1, 1, "done", True),
        (2, 3, None, True),
        (2, 3, None, True),
        (4, 5, None, True),
        (4, 5, None, True),
        (6, 6, "done", True),
    ]
    coverage = read_windows([log], log_format=str(tmp_path / "plain.yaml")).coverage
    assert (coverage.parsed, coverage.ignored, coverage.unparsed) == (2, 4, 0)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x1a\0"), max_size=12))
def test_plain_lines_are_the_same_to_the_explanation_and_to_the_reading(text: str) -> None:
    plain = PlainLines(begin="a__b", contain="::x")
    found = duckdb.execute("SELECT $line LIKE 'a__b%' AND contains($line, '::x')", {"line": f"a{text}b::x{text}"})
    assert plain.has(f"a{text}b::x{text}") == found.fetchall()[0][0]
