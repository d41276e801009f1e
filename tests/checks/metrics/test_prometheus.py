"""Prometheus' counters become windows; whatever makes an answer less than whole makes the measures unknown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from checks.metrics.errors import LogSourceError
from checks.metrics.prometheus.reading import read_prometheus
from checks.metrics.table import WindowTable
from tests.checks.metrics.prometheus_server import Answers, serving

START = datetime(2026, 1, 11, 10, tzinfo=UTC)
T0 = int(START.timestamp())
TIMES = [T0 + 60 * place for place in range(6)]
EDGES = ("0.1", "1.0", "+Inf")
DURATIONS = "image_proxy_http_request_duration_seconds"


@pytest.fixture
def answers() -> Answers:
    """Each minute ten hits of at most 0.1 s, five answers of at most 1 s, and one failure beyond the last edge."""
    made = Answers(scraped={"a:1": set(TIMES)})
    for outcome, growth in {"cached": (10, 10, 10), "ok": (0, 5, 5), "timeout": (0, 0, 1)}.items():
        for edge, by in zip(EDGES, growth, strict=True):
            add(made, f"{DURATIONS}_bucket", {"outcome": outcome, "le": edge}, by)
        add(made, f"{DURATIONS}_sum", {"outcome": outcome}, 0.5)
    add(made, "image_proxy_http_requests_total", {"status": "504"}, 1)
    add(made, "image_proxy_http_requests_total", {"status": "200"}, 15)
    for result, by in {"hit": 10, "miss": 4, "coalesced": 1, "error": 1}.items():
        add(made, "image_proxy_cache_requests_total", {"result": result}, by)
    return made


def add(made: Answers, metric: str, labels: dict[str, str], by: float, before: float = 100) -> None:
    values = {at: before + by * place for place, at in enumerate(TIMES)}
    made.series.setdefault(metric, []).append(({"instance": "a:1", **labels}, values))


@pytest.fixture
def url(answers: Answers) -> Iterator[str]:
    with serving(answers) as base:
        yield base


def read(url: str) -> WindowTable:
    return read_prometheus(url, START, START + timedelta(minutes=5, seconds=30))


def codes(table: WindowTable) -> set[str]:
    return {caveat.code for caveat in table.caveats}


def test_what_grew_in_a_window_is_what_happened_in_it(url: str) -> None:
    table = read(url)
    total = table.total
    assert list(table.by_window) == TIMES[:-1]
    assert (total.requests, total.errors, total.hits, total.misses, total.cache_errors) == (80, 5, 50, 25, 5)
    assert total.errors_by_status == {"504": 5}
    assert (total.hit.count, total.generated.count) == (50, 30)
    assert table.measure("latency.hit.p95").value == pytest.approx(100, rel=0.01)
    assert table.measure("latency.mean").value == pytest.approx(1500 / 16, rel=0.01)
    assert codes(table) == {"prometheus_buckets"}
    assert [(source.path, source.format) for source in table.sources] == [(url, "prometheus")]


def test_a_counter_that_starts_anew_counts_from_zero(url: str, answers: Answers) -> None:
    for family in answers.series.values():
        for _, values in family:
            low = values[TIMES[3]] - values[TIMES[2]]
            values.update({at: low * (place + 1) for place, at in enumerate(TIMES[3:])})  # type: ignore[attr-defined]  # a dict
    assert read(url).total.requests == 80


def test_a_series_that_is_new_counts_from_zero(url: str, answers: Answers) -> None:
    labels = {"instance": "a:1", "outcome": "server_error"}
    late = [({**labels, "le": edge}, dict.fromkeys(TIMES[4:], 3.0)) for edge in EDGES]
    answers.series[f"{DURATIONS}_bucket"] += late
    assert read(url).total.errors == 8


def test_windows_that_are_not_known_whole_are_left_out_and_told(url: str, answers: Answers) -> None:
    answers.scraped["a:1"].remove(TIMES[2])
    table = read(url)
    assert list(table.by_window) == [TIMES[0], *TIMES[2:-1]]
    assert [caveat.message for caveat in table.caveats if caveat.code == "prometheus_missing"] == [
        "1 window(s) of a:1 are not known whole and were left out"
    ]
    assert table.measure("errors.rate").samples == 64


def test_a_source_that_is_stale_gives_no_measure(url: str, answers: Answers) -> None:
    answers.scraped["a:1"] -= set(TIMES[-2:])
    assert "nothing was scraped in the last two windows" in (read(url).unknown_reason or "")


def test_an_empty_vector_is_no_data(url: str, answers: Answers) -> None:
    answers.series.clear()
    table = read(url)
    assert table.unknown_reason == f'Prometheus has no series {DURATIONS}_bucket{{route=~"/v1/images/.*"}} in that span'
    assert table.measure("errors.rate").value is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_a_value_that_is_no_number_gives_no_measure(url: str, answers: Answers, value: float) -> None:
    labels, values = answers.series[f"{DURATIONS}_bucket"][0]
    answers.series[f"{DURATIONS}_bucket"][0] = (labels, {**values, TIMES[2]: value})
    assert f"1 value(s) of {DURATIONS}_bucket are no number" == read(url).unknown_reason


def test_a_warning_gives_no_measure(url: str, answers: Answers) -> None:
    answers.warnings = ["a store could not be asked"]
    assert read(url).unknown_reason == "Prometheus warned: a store could not be asked"


@pytest.mark.parametrize(
    ("whole", "status", "message"),
    [
        (b'{"status":"error","errorType":"bad_data","error":"parse error"}', 400, "it answered bad_data: parse error"),
        (b'{"status":"error"}', 200, "it answered an error"),
        (b"<html>", 502, "it answered status 502 and no JSON"),
        (b"[]", 200, "it answered JSON that is no object"),
        (b'{"status":"success","data":{"resultType":"vector","result":[]}}', 200, "without a matrix"),
        (b'{"status":"success","data":{"resultType":"matrix","result":[1]}}', 200, "a series that is none"),
        (
            b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"x"]]}]}}',
            200,
            "a series that is none",
        ),
    ],
)
def test_an_answer_that_is_none_is_an_error(
    url: str, answers: Answers, whole: bytes, status: int, message: str
) -> None:
    answers.whole, answers.status = whole, status
    with pytest.raises(LogSourceError, match=message):
        read(url)


def test_a_server_that_is_not_there_and_a_url_that_is_none() -> None:
    with pytest.raises(LogSourceError, match=r"http://127.0.0.1:1: it can't be asked"):
        read("http://someone:secret@127.0.0.1:1")
    with pytest.raises(LogSourceError, match="this is no URL of a Prometheus; write it as http://HOST:9090"):
        read("prometheus.example:9090")


def test_only_whole_windows_are_asked_for(url: str) -> None:
    with pytest.raises(ValueError, match="there is no whole window of 60 s"):
        read_prometheus(url, START + timedelta(seconds=1), START + timedelta(seconds=119))
    table = read_prometheus(url, START + timedelta(seconds=1), START + timedelta(seconds=120))
    assert list(table.by_window) == [TIMES[1]]
