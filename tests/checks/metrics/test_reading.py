"""Bytes become lines, each in one state, whatever the bytes are."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path

import pytest

from checks.metrics.coverage import Coverage
from checks.metrics.engine import read_windows
from checks.metrics.errors import LogSourceError
from tests.checks.metrics.corpus import START, record, write_lines

LATER = START + timedelta(days=1)


def test_each_line_has_one_state_and_they_add_up(tmp_path: Path) -> None:
    log = write_lines(
        tmp_path / "a.jsonl",
        record(START),
        record(START, request_id="twice"),
        record(START, request_id="twice"),
        {"ts": "2026-01-11T10:00:00Z", "event": "server_started"},
        "",
        "{}",
        json.dumps(record(START))[:50],
        end=b"",
    )
    coverage = read_windows([log], now=LATER).coverage
    assert coverage == Coverage(parsed=2, duplicate=1, ignored=2, unparsed=1, partial=1)
    assert coverage.lines == 7


def test_a_whole_last_line_without_an_end_counts(tmp_path: Path) -> None:
    log = write_lines(tmp_path / "a.jsonl", record(START), record(START, request_id="b"), end=b"")
    assert read_windows([log], now=LATER).coverage.parsed == 2


def test_a_last_line_that_is_torn_inside_a_character_is_partial(tmp_path: Path) -> None:
    whole = json.dumps(record(START, model="\u00e9"), ensure_ascii=False).encode()
    log = write_lines(tmp_path / "a.jsonl", record(START), whole.replace(b"\xc3\xa9", b"\xc3"), end=b"")
    coverage = read_windows([log], now=LATER).coverage
    assert (coverage.parsed, coverage.partial) == (1, 1)


def test_a_line_is_bounded(tmp_path: Path) -> None:
    long = json.dumps(record(START, model="x" * (11 * 1024 * 1024)))
    longer = json.dumps(record(START, model="x" * (25 * 1024 * 1024)))
    good = [record(START, request_id=str(place)) for place in range(300)]
    log = write_lines(tmp_path / "a.jsonl", *good[:100], long, *good[100:], longer, record(START), longer, end=b"")
    table = read_windows([log], now=LATER)
    assert (table.coverage.parsed, table.coverage.unparsed, table.coverage.partial) == (301, 2, 1)
    assert "too_long" in {caveat.code for caveat in table.caveats}


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    log = write_lines(tmp_path / "a.jsonl", b"\xef\xbb\xbf" + json.dumps(record(START)).encode())
    assert read_windows([log], now=LATER).coverage.parsed == 1


def test_a_truncated_archive_gives_its_lines_but_no_measure(tmp_path: Path) -> None:
    lines = [json.dumps(record(START, request_id=f"{place:x}")) for place in range(5000)]
    packed = gzip.compress("\n".join(lines).encode())
    (tmp_path / "a.gz").write_bytes(packed[: len(packed) // 2])
    table = read_windows([tmp_path / "a.gz"], now=LATER)
    assert 1000 < table.coverage.parsed < 5000
    assert table.measure("errors.rate").value is None
    assert table.unknown_reason == f"ends early, its last part is missing: {tmp_path / 'a.gz'}"


def test_a_disk_that_fails_while_reading_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "a.gz"
    log.write_bytes(gzip.compress(json.dumps(record(START)).encode()))

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("checks.metrics.reading._blocks", fail)
    with pytest.raises(LogSourceError, match=r"reading it failed .*Input/output error.*; check the disk"):
        read_windows([log], log_format="image-proxy")
