"""The JSON of `signoff logs` has the contract's shape, and nulls for what is unknown."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from checks.metrics.engine import read_windows
from checks.metrics.summary import summary
from tests.checks.metrics.access_corpus import make_access_corpus
from tests.checks.metrics.corpus import START, record, write_lines

LATER = START + timedelta(days=1)


def of(*records: Any, path: Path, **options: Any) -> dict[str, Any]:
    return summary(read_windows([write_lines(path / "a.jsonl", *records)], now=LATER, **options))


def test_the_whole_of_a_small_log(tmp_path: Path) -> None:
    found = of(
        record(START, duration_ms=8),
        record(START, cache="miss", duration_ms=400, generation_time_ms=390, request_id="b"),
        record(START, cache="miss", status=502, error_type="API_ERROR", generation_time_ms=9, request_id="c"),
        record(START, cache="bypass", status=400, error_type="USER_ERROR", duration_ms=None, request_id="d"),
        path=tmp_path,
    )
    interval, failed = found["cache"].pop("hit_rate_ci"), found["errors"].pop("rate_ci")
    assert interval[0] < 1 / 3 < interval[1]
    assert failed[0] < 0.25 < failed[1]
    latency = found.pop("latency_ms")
    assert latency["hit"] == {"count": 1, "mean": 8, "p50": 8, "p95": 8, "p99": 8, "max": 8}
    assert (latency["all"]["count"], latency["all"]["max"], latency["generated"]["count"]) == (3, 400, 2)
    assert found == {
        "schema_version": 1,
        "sources": [
            {
                "path": str(tmp_path / "a.jsonl"),
                "format": "image-proxy",
                "bytes": (tmp_path / "a.jsonl").stat().st_size,
            }
        ],
        "since": "2026-01-11T10:00:00Z",
        "until": "2026-01-11T10:01:00Z",
        "requests": 4,
        "cache": {"lookups": 3, "hits": 1, "misses": 2, "bypassed": 1, "errors": 0, "hit_rate": 1 / 3},
        "errors": {"count": 1, "rate": 0.25, "client": 1, "by_type": {"API_ERROR": 1}, "by_status": {"502": 1}},
        "safety": {"blocked": 0, "rate": 0},
        "windows": [
            {
                "start": "2026-01-11T10:00:00Z",
                "seconds": 60,
                "requests": 4,
                "lookups": 3,
                "hits": 1,
                "errors": 1,
                "blocked": 0,
                "p50_ms": found["windows"][0]["p50_ms"],
                "p95_ms": 400,
            }
        ],
        "coverage": {"lines": 4, "parsed": 4, "ignored": 0, "unparsed": 0, "partial": 0, "duplicate": 0},
        "caveats": [
            {"code": "duration_absent", "message": "1 request(s) have no duration and are in no latency figure"}
        ],
    }


def measures_of(found: dict[str, Any]) -> set[object]:
    parts = [found["cache"], found["errors"], found["safety"], *found["latency_ms"].values()]
    return {value for part in parts for value in part.values()}


def test_no_request_is_nulls(tmp_path: Path) -> None:
    found = of({"ts": "2026-01-11T10:00:00Z", "event": "server_started"}, path=tmp_path)
    assert measures_of(found) == {None}
    assert (found["requests"], found["windows"], found["since"], found["until"]) == (0, [], None, None)
    assert found["coverage"]["ignored"] == 1


def test_a_span_that_was_asked_for_stands_even_without_a_request(tmp_path: Path) -> None:
    found = of(record(START), path=tmp_path, since=LATER)
    assert (found["requests"], found["since"], found["until"]) == (0, "2026-01-12T10:00:00Z", None)


def test_too_much_unparsed_is_nulls_with_coverage(tmp_path: Path) -> None:
    found = of(record(START), "garbage", path=tmp_path)
    assert measures_of(found) == {None}
    assert found["requests"] is None
    assert (found["coverage"]["parsed"], found["coverage"]["unparsed"]) == (1, 1)
    assert [caveat["code"] for caveat in found["caveats"]] == ["too_much_unparsed"]


def test_a_log_without_hits_knows_that_there_are_none(tmp_path: Path) -> None:
    found = of(record(START, cache="bypass"), path=tmp_path)
    assert found["latency_ms"]["hit"] == {"count": 0, "mean": None, "p50": None, "p95": None, "p99": None, "max": None}
    assert (found["cache"]["hits"], found["cache"]["hit_rate"], found["cache"]["hit_rate_ci"]) == (0, None, None)


def test_what_a_format_cannot_tell_is_null_and_not_zero(tmp_path: Path) -> None:
    make_access_corpus(tmp_path, 1)
    table = read_windows([f"{tmp_path}/access.log*"], now=START + timedelta(days=1))
    found = summary(table)
    assert found["requests"] == 150
    assert found["safety"] == {"blocked": None, "rate": None}
    assert set(found["cache"].values()) == {None}
    assert {window["hits"] for window in found["windows"]} == {None}
    assert found["errors"]["client"] == table.total.client_errors
    assert table.measure("safety.block_rate").reason_if_unknown == (
        "the log does not tell refusals by the safety filter from other outcomes"
    )
    assert table.measure("cache.hit_rate").reason_if_unknown == "the log does not say what the cache did"
