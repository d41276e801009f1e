"""One line explained: what it was read as is what the reading of its file made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.metrics.errors import LogSourceError
from checks.metrics.explanation import explain_line
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
