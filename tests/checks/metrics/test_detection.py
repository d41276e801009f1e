"""The format is told by the first lines, and named where it can't be."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from checks.metrics.engine import read_windows
from checks.metrics.errors import LogSourceError
from tests.checks.metrics.corpus import START, record, write_lines

LATER = START + timedelta(days=1)


def test_an_empty_file_is_no_request(tmp_path: Path) -> None:
    table = read_windows([write_lines(tmp_path / "a.jsonl")], now=LATER)
    assert (table.coverage.lines, table.unknown_reason) == (0, "no request in what was read")
    assert table.sources[0].format is None
    assert table.is_synthetic == "none"
    assert table.span is None


def test_lines_in_no_known_format_are_named(tmp_path: Path) -> None:
    strange = write_lines(tmp_path / "app.log", "INFO Cache hit", "[1]", "{", b"\xff")
    with pytest.raises(LogSourceError, match="its lines are in no known log format; name its format"):
        read_windows([strange])
    named = read_windows([strange], log_format="image-proxy")
    assert (named.coverage.lines, named.coverage.unparsed) == (4, 4)
    assert named.measure("requests.count").value is None


def test_a_file_of_another_format_beside_one_of_ours_is_named(tmp_path: Path) -> None:
    good = write_lines(tmp_path / "a.jsonl", *(record(START, request_id=str(place)) for place in range(300)))
    strange = write_lines(tmp_path / "b.log", "INFO Cache hit")
    table = read_windows([good, strange], now=LATER)
    assert {caveat.code for caveat in table.caveats} == {"source_not_recognised"}
    assert [source.format for source in table.sources] == ["image-proxy", None]
