from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from checks.check import Context
from checks.judging import judge
from checks.kinds.metric import MetricCheck
from checks.outcome import Status
from checks.target import Logs, Target
from checks.units import Dimension, Quantity
from tests.checks.kinds.conftest import Make, MakeContext
from tests.checks.kinds.logged import every_second, write

START = datetime(2026, 1, 11, 10, tzinfo=UTC)
HIT = {"cache": "hit", "generation_time_ms": None, "duration_ms": 10.0}
MISS: dict[str, Any] = {}
FAILED = {"status": 502, "level": "ERROR", "error_type": "API_ERROR", "error_code": "upstream_error"}


@pytest.fixture
def read(context: MakeContext) -> Any:
    """A context whose target has logged requests one second apart; now is ten minutes after the first."""

    def made(many: list[dict[str, Any]], **overrides: Any) -> Context:
        facts: dict[str, Any] = {
            "target": Target(logs=Logs(format="image-proxy", paths=("logs/*.jsonl",))),
            "now": lambda: START + timedelta(minutes=10),
            "versions": frozenset({"v3.3.20"}),
        }
        built = context(**{**facts, **overrides})
        write(built.root / "logs" / "proxy.jsonl", every_second(START, many))
        return built

    return made


def test_a_rate_with_its_interval_and_samples(make: Make, read: Any) -> None:
    check = make(MetricCheck, measure="cache.hit_rate", expect={"at_least": "30%"})
    observation = check.observe(read([HIT, MISS] * 20))
    seen = observation.properties
    assert judge(check, observation)[0] is Status.PASS
    assert seen["value"] == Quantity(0.5, Dimension.RATIO)
    assert seen["samples"] == 40
    assert seen["ci"][0] < 0.5 < seen["ci"][1]
    assert "40 requests, none of them synthetic" in observation.reason


def test_a_rate_below_what_is_expected_fails(make: Make, read: Any) -> None:
    check = make(MetricCheck, measure="cache.hit_rate", expect={"at_least": "30%"})
    assert judge(check, check.observe(read([HIT, *[MISS] * 39])))[0] is Status.FAIL


def test_too_few_samples_are_no_data_with_both_numbers(make: Make, read: Any) -> None:
    check = make(MetricCheck, measure="errors.rate", min_samples=50, expect={"at_most": "5%"})
    observation = check.observe(read([MISS] * 49))
    assert observation.status is Status.NO_DATA
    assert observation.reason == "49 samples, and at least 50 are needed"


def test_thirty_samples_are_needed_unless_told_otherwise(make: Make, read: Any) -> None:
    check = make(MetricCheck, measure="errors.rate", expect={"at_most": "5%"})
    assert check.observe(read([MISS] * 29)).status is Status.NO_DATA
    assert check.observe(read([MISS] * 30)).status is None


def test_a_latency_is_a_time(make: Make, read: Any) -> None:
    check = make(MetricCheck, measure="latency.generated.p95", expect={"at_most": "5s"})
    observation = check.observe(read([HIT, MISS] * 30))
    assert judge(check, observation)[0] is Status.PASS
    assert observation.properties["value"].dimension is Dimension.TIME
    assert observation.properties["value"].value == pytest.approx(0.31, rel=0.02)
    assert observation.properties["samples"] == 30
    (percentiles,) = observation.properties["percentiles"]
    (window,) = observation.properties["windows"]
    assert percentiles[0] == window[0]
    assert percentiles[1:] == pytest.approx([310, 310, 310], rel=0.02)
    errors = make(MetricCheck, measure="errors.rate", expect={"at_most": "5%"}).observe(read([MISS] * 30))
    assert errors.properties["percentiles"] is None


def test_a_count_is_a_number(make: Make, read: Any) -> None:
    check = make(MetricCheck, measure="requests.count", expect={"at_least": 30})
    assert judge(check, check.observe(read([MISS] * 30)))[0] is Status.PASS


def test_a_window_looks_back_from_now(make: Make, read: Any) -> None:
    check = make(MetricCheck, measure="requests.count", window="570s")
    seen = check.observe(read([MISS] * 100)).properties
    assert seen["value"] == 70


def test_a_warm_up_is_left_out(make: Make, read: Any) -> None:
    check = make(MetricCheck, measure="cache.hit_rate", warm_up="1m", min_samples=1)
    assert check.observe(read([*[MISS] * 60, *[HIT] * 40])).properties["value"].value == 1.0
    assert make(MetricCheck, measure="cache.hit_rate").observe(read([*[MISS] * 60, *[HIT] * 40])).properties[
        "value"
    ].value == pytest.approx(0.4)


def test_other_releases_do_not_count(make: Make, read: Any) -> None:
    check = make(MetricCheck, measure="requests.count", min_samples=1)
    assert check.observe(read([*[{"version": "v3.3.19"}] * 50, *[MISS] * 10])).properties["value"] == 10


@pytest.mark.parametrize(
    ("synthetic", "count", "made_of"), [("any", 40, "some"), ("only", 10, "all"), ("exclude", 30, "none")]
)
def test_synthetic_requests_are_told_apart(make: Make, read: Any, synthetic: str, count: int, made_of: str) -> None:
    check = make(MetricCheck, measure="requests.count", synthetic=synthetic, min_samples=1)
    observation = check.observe(read([*[{"synthetic": True}] * 10, *[MISS] * 30]))
    assert observation.properties["value"] == count
    assert observation.properties["synthetic"] == made_of
    assert f"{made_of} of them synthetic" in observation.reason


def test_a_trend_over_the_windows(make: Make, read: Any) -> None:
    rising = [HIT if second % 10 < second // 10 else MISS for second in range(100)]
    check = make(MetricCheck, measure="cache.hit_rate", per="10s", expect={"at_least": "30%", "trend": "rising"})
    observation = check.observe(read(rising))
    assert judge(check, observation)[0] is Status.PASS
    assert observation.properties["trend"] == "rising"
    assert len(observation.properties["windows"]) == 10
    check = make(MetricCheck, measure="cache.hit_rate", per="10s", expect={"trend": "falling"})
    assert judge(check, check.observe(read(rising)))[0] is Status.FAIL


def test_a_trend_of_too_few_windows_is_no_data(make: Make, read: Any) -> None:
    check = make(MetricCheck, measure="cache.hit_rate", expect={"trend": "rising"})
    observation = check.observe(read([HIT, MISS] * 30))
    assert observation.status is Status.NO_DATA
    assert "4 windows" in observation.reason


def test_compared_with_the_first_of_the_log(make: Make, read: Any) -> None:
    slower = [*[MISS] * 60, *[{"duration_ms": 620.0, "generation_time_ms": 600.0}] * 60]
    check = make(
        MetricCheck,
        measure="latency.generated.mean",
        window="540s",
        baseline={"first": "60s"},
        expect={"ratio": {"at_most": "150%"}},
    )
    observation = check.observe(read(slower))
    assert judge(check, observation)[0] is Status.FAIL
    assert observation.properties["ratio"].value == pytest.approx(2.0)
    assert observation.properties["baseline"] == Quantity(0.31, Dimension.TIME)


def test_compared_with_a_recorded_value(make: Make, read: Any) -> None:
    fields = {"measure": "latency.mean", "baseline": {"file": "baseline.json"}}
    check = make(MetricCheck, **fields, expect={"ratio": {"at_most": "150%"}})
    made = read([MISS] * 30)
    (made.root / "baseline.json").write_text(json.dumps({"latency.mean": 310.0}))
    assert judge(check, check.observe(made))[0] is Status.PASS


@pytest.mark.parametrize("recorded", [None, "{}", '{"latency.mean": 0}', '{"latency.mean": "310"}', "NaN", "[1]"])
def test_without_a_recorded_value_there_is_no_data(make: Make, read: Any, recorded: str | None) -> None:
    check = make(MetricCheck, measure="latency.mean", baseline={"file": "b.json"}, expect={"ratio": {"at_most": 2}})
    made = read([MISS] * 30)
    if recorded is not None:
        (made.root / "b.json").write_text(recorded)
    observation = check.observe(made)
    assert observation.status is Status.NO_DATA
    assert "b.json" in observation.reason


def test_a_baseline_of_too_few_requests_is_no_data(make: Make, read: Any) -> None:
    check = make(
        MetricCheck, measure="latency.mean", per="5s", baseline={"first": "5s"}, expect={"ratio": {"below": 2}}
    )
    observation = check.observe(read([MISS] * 60))
    assert observation.status is Status.NO_DATA
    assert "the baseline has 5 samples" in observation.reason


def test_no_log_is_no_data(make: Make, context: MakeContext) -> None:
    target = Target(logs=Logs(paths=("logs/*.jsonl",)))
    observation = make(MetricCheck, measure="errors.rate", expect={"at_most": "5%"}).observe(context(target=target))
    assert observation.status is Status.NO_DATA
    assert "logs/*.jsonl" in observation.reason


def test_no_lookup_is_no_hit_rate(make: Make, read: Any) -> None:
    check = make(MetricCheck, measure="cache.hit_rate", expect={"at_least": "0.1%"})
    observation = check.observe(read([{"cache": "bypass"}] * 40))
    assert observation.status is Status.NO_DATA
    assert "cache.hit_rate" in observation.reason


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"measure": "cache.hitrate"}, "did you mean cache.hit_rate"),
        ({"measure": "zzzz"}, "known are"),
        ({"measure": "errors.rate", "min_samples": 0}, "greater than or equal to 1"),
        ({"measure": "errors.rate", "baseline": {}}, "baseline takes either"),
        ({"measure": "errors.rate", "per": "100ms"}, "greater than or equal to 1"),
    ],
)
def test_what_makes_no_metric_is_refused_when_loaded(make: Make, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        make(MetricCheck, **fields)
