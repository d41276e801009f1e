"""Requests are counted once and rightly, whatever the logs are like."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checks.metrics import ranges
from checks.metrics.engine import read_windows
from checks.metrics.errors import LogEngineError
from checks.metrics.table import WindowTable
from tests.checks.metrics.corpus import OTHER_VERSION, START, VERSION, record, write_lines

LATER = START + timedelta(days=1)


def codes(table: WindowTable) -> set[str]:
    return {caveat.code for caveat in table.caveats}


def test_requests_without_an_id_are_never_taken_for_duplicates(tmp_path: Path) -> None:
    log = write_lines(tmp_path / "a.jsonl", record(START, request_id=None), record(START, request_id=None))
    assert read_windows([log], now=LATER).total.requests == 2


def test_one_id_on_different_records_counts_each_and_says_so(tmp_path: Path) -> None:
    log = write_lines(tmp_path / "a.jsonl", record(START, request_id="a"), record(START, request_id="a", status=500))
    table = read_windows([log], now=LATER)
    assert (table.total.requests, table.total.errors) == (2, 1)
    assert "request_id_reused" in codes(table)


def test_reading_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "_FEWEST_BYTES", 4000)
    log = write_lines(tmp_path / "a.jsonl", *(record(START, request_id=str(place)) for place in range(60)))
    packed = tmp_path / "b.jsonl.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    told: list[tuple[int, int]] = []
    read_windows([log, packed], progress=lambda done, total: told.append((done, total)), now=LATER)
    size = log.stat().st_size + packed.stat().st_size
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len(told) > 3
    assert {total for _, total in told} == {size}
    assert told[-1] == (size, size)


def test_more_than_one_percent_unparsed_gives_no_measure(tmp_path: Path) -> None:
    good = [record(START, request_id=str(place)) for place in range(99)]
    at_limit = write_lines(tmp_path / "a.jsonl", *good, "not JSON")
    over = write_lines(tmp_path / "b.jsonl", *good[1:], "not JSON", "nor this")
    assert read_windows([at_limit], now=LATER).measure("errors.rate").value == 0
    measured = read_windows([over], now=LATER).measure("errors.rate")
    assert measured.value is None
    assert measured.reason_if_unknown == "2.0% of the lines could not be read, so no measure is given"


@pytest.mark.parametrize(
    "changes",
    [
        {"duration_ms": -0.001},
        {"duration_ms": float("nan")},
        {"duration_ms": float("inf")},
        {"duration_ms": 1e11},
        {"duration_ms": "slow"},
        {"duration_ms": True},
        {"generation_time_ms": -5},
        {"generation_time_ms": "nan"},
        {"status": None},
        {"status": 99},
        {"status": 600},
        {"status": 200.5},
        {"status": "ok"},
        {"ts": None},
        {"ts": "infinity"},
        {"ts": "2026-02-30T10:00:00Z"},
        {"ts": 1768125600},
        {"event": None},
    ],
    ids=str,
)
def test_an_impossible_record_is_unparsed(tmp_path: Path, changes: dict[str, object]) -> None:
    log = write_lines(tmp_path / "a.jsonl", record(START, **changes))
    table = read_windows([log], log_format="image-proxy", now=LATER)
    assert (table.coverage.parsed, table.coverage.unparsed) == (0, 1)
    assert table.measure("errors.rate").value is None


def test_older_records_without_some_fields_count_with_a_caveat(tmp_path: Path) -> None:
    log = write_lines(
        tmp_path / "a.jsonl",
        {"ts": "2026-01-11T10:00:00", "event": "image_request", "status": 200},
        record(START, cache="stale"),
        record(LATER + timedelta(minutes=1)),
    )
    table = read_windows([log], versions=frozenset({VERSION}), now=LATER)
    assert table.total.requests == 3
    assert codes(table) == {
        "cache_absent",
        "cache_value",
        "duration_absent",
        "from_the_future",
        "time_without_zone",
        "version_unknown",
    }
    assert table.measure("latency.p50").samples == 2
    assert table.measure("cache.hit_rate").samples == 1


def test_other_versions_are_left_out_and_counted(tmp_path: Path) -> None:
    log = write_lines(tmp_path / "a.jsonl", record(START), record(START, version=OTHER_VERSION, request_id="b"))
    both = read_windows([log], now=LATER)
    one = read_windows([log], versions=frozenset({VERSION}), now=LATER)
    none = read_windows([log], versions=frozenset(), now=LATER)
    assert (both.total.requests, one.total.requests, none.total.requests) == (2, 1, 0)
    assert [caveat.message for caveat in both.caveats] == ["the requests are of several versions: v3.3.19, v3.3.20"]
    assert [caveat.message for caveat in one.caveats] == ["1 request(s) of version v3.3.19 were left out"]
    assert one.coverage.ignored == 1


def test_synthetic_requests_are_told_apart(tmp_path: Path) -> None:
    log = write_lines(
        tmp_path / "a.jsonl",
        record(START, synthetic=True),
        record(START, synthetic=True, status=500, request_id="b"),
        record(START, synthetic=False, request_id="c"),
        record(START, synthetic=None, request_id="d"),
    )
    both = read_windows([log], now=LATER)
    users = read_windows([log], synthetic=False, now=LATER)
    ours = read_windows([log], synthetic=True, now=LATER)
    assert (both.is_synthetic, users.is_synthetic, ours.is_synthetic) == ("some", "none", "all")
    assert (users.total.requests, users.total.errors) == (2, 0)
    assert (ours.total.requests, ours.total.errors) == (2, 1)
    assert both.measure("errors.rate").synthetic_share == 0.5
    assert "synthetic_left_out" in codes(users)
    assert "users_left_out" in codes(ours)


def test_since_is_inclusive_and_until_exclusive(tmp_path: Path) -> None:
    log = write_lines(
        tmp_path / "a.jsonl",
        *(record(START + timedelta(seconds=second), request_id=str(second)) for second in range(10)),
    )
    table = read_windows(
        [log], since=START + timedelta(seconds=3), until=START + timedelta(seconds=6), window_s=1, now=LATER
    )
    assert sorted(table.by_window) == [int(START.timestamp()) + second for second in (3, 4, 5)]
    assert (table.coverage.parsed, table.coverage.ignored) == (3, 7)
    assert table.measure("requests.rate").value == 1.0


def test_durations_become_microseconds_by_rounding(tmp_path: Path) -> None:
    log = write_lines(tmp_path / "a.jsonl", record(START, duration_ms=0.0015), record(START, duration_ms=1))
    assert read_windows([log], now=LATER).total.all.sum_us == 1002


def test_a_source_that_cannot_be_read_beside_another_gives_no_measure(tmp_path: Path) -> None:
    good = write_lines(tmp_path / "a.jsonl", record(START))
    table = read_windows([good, tmp_path / "gone.jsonl"], now=LATER)
    assert table.total.requests == 1
    assert table.measure("errors.rate").value is None
    assert "gone.jsonl: there is no such file" in (table.unknown_reason or "")


def test_a_pattern_without_a_file_beside_one_with_some_is_a_caveat(tmp_path: Path) -> None:
    good = write_lines(tmp_path / "a.jsonl", record(START))
    table = read_windows([good, f"{tmp_path}/*.gz"], now=LATER)
    assert table.measure("errors.rate").value == 0
    assert codes(table) == {"pattern_without_file"}


def test_hostile_text_in_a_version_is_shown_escaped_and_short(tmp_path: Path) -> None:
    hostile = "v1\n\x1b[31m" + "x" * 1000
    log = write_lines(tmp_path / "a.jsonl", record(START, version=hostile), record(START))
    table = read_windows([log], versions=frozenset({VERSION}), now=LATER)
    message = table.caveats[0].message
    assert "v1\\n\\x1b[31m" in message
    assert len(message) < 300


def test_a_database_that_fails_is_one_error_with_its_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = write_lines(tmp_path / "a.jsonl", record(START))
    monkeypatch.setattr("checks.metrics.statements.NOTES", "SELECT no_such_column")
    with pytest.raises(LogEngineError, match="the database failed") as caught:
        read_windows([log])
    assert caught.value.__cause__ is not None


def test_times_without_a_zone_and_windows_below_a_second_are_refused(tmp_path: Path) -> None:
    log = write_lines(tmp_path / "a.jsonl", record(START))
    with pytest.raises(ValueError, match="no time zone"):
        read_windows([log], since=datetime(2026, 1, 11))
    with pytest.raises(ValueError, match="at least one second"):
        read_windows([log], window_s=0)


def test_the_clock_is_the_time_of_reading_where_none_is_given(tmp_path: Path) -> None:
    log = write_lines(tmp_path / "a.jsonl", record(datetime.now(UTC) + timedelta(days=1)))
    assert "from_the_future" in codes(read_windows([log]))
