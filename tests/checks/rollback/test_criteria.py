"""Rollback criteria over logs that are made up second by second: what is clear, breached, and unknown."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.errors import ConfigurationError
from checks.linting import problems_of
from checks.loading import load
from checks.outcome import Criterion, Result, Status
from checks.rollback.evaluation import evaluate
from checks.target import Logs, Target
from tests.checks.kinds import logged
from tests.checks.running import checklist, conducted, stage, told, write

VERSION = logged.PROXY_VERSION
NOW = datetime(2026, 1, 11, 12, 0, 0, tzinfo=UTC)
GOOD: dict[str, Any] = {}
BAD: dict[str, Any] = {"status": 502, "error_type": "UPSTREAM_ERROR", "level": "ERROR"}
ERROR_RATE = {
    "id": "error-rate",
    "title": "Error rate",
    "measure": "errors.rate",
    "breach": {"above": "10%"},
    "for": "5m",
    "min_samples": 50,
}


def seconds(span: int, bad: Iterable[int] = (), **fields: Any) -> list[dict[str, Any]]:
    """One request a second over the `span` before NOW; those at the places in `bad` fail."""
    failed = set(bad)
    start = NOW - timedelta(seconds=span)
    return logged.every_second(start, [{**(BAD if place in failed else GOOD), **fields} for place in range(span)])


def every(nth: int, span: int) -> range:
    return range(0, span, nth)


def judged(
    tmp_path: Path, events: list[dict[str, Any]] | None, criterion: dict[str, Any] | None = None, **fields: Any
) -> Criterion:
    log = tmp_path / "image-proxy.jsonl"
    if events is not None:
        logged.write(log, events)
    rollback = {"criteria": [{**(criterion or ERROR_RATE), **fields}]}
    release = {"name": "Image proxy", "version": VERSION}
    loaded = load(write(tmp_path, checklist(release=release, rollback=rollback)), environ={})
    assert problems_of(loaded) == []
    (found,) = evaluate(loaded, Target(logs=Logs(paths=(str(log),))), (), NOW)
    return found


def test_no_errors_are_clear(tmp_path: Path) -> None:
    found = judged(tmp_path, seconds(400))
    assert (found.state, found.observed, found.samples, found.breached_since) == ("clear", 0.0, 300, None)
    assert (found.threshold, found.for_s, found.expected) == (0.1, 300.0, "errors.rate above 10 %")


def test_some_errors_below_the_threshold_are_clear(tmp_path: Path) -> None:
    found = judged(tmp_path, seconds(300, every(20, 300)))
    assert (found.state, found.observed) == ("clear", 0.05)


def test_a_rate_far_above_over_the_whole_span_is_breached(tmp_path: Path) -> None:
    found = judged(tmp_path, seconds(300, every(2, 300)))
    assert (found.state, found.observed, found.samples) == ("breached", 0.5, 300)
    assert found.breached_since == NOW - timedelta(minutes=5)
    assert found.ci is not None
    assert found.ci[0] < 0.5 < found.ci[1]
    assert "50 %" in found.reason


def test_one_burst_is_no_breach_and_not_clear(tmp_path: Path) -> None:
    found = judged(tmp_path, seconds(300, range(90)))
    assert (found.state, found.observed) == ("unknown", 0.3)
    assert "not throughout the span: a burst" in found.reason


def test_what_chance_could_give_is_no_breach(tmp_path: Path) -> None:
    found = judged(tmp_path, seconds(300, every(8, 300)))
    assert found.observed is not None
    assert (found.state, found.observed > 0.1) == ("unknown", True)
    assert "chance" in found.reason


def test_too_few_samples_are_unknown(tmp_path: Path) -> None:
    found = judged(tmp_path, seconds(30, range(30)))
    assert (found.state, found.samples) == ("unknown", 30)
    assert "30 samples in the span; 50 are needed" in found.reason


@pytest.mark.parametrize("events", [None, []])
def test_a_log_that_is_missing_or_empty_is_unknown(tmp_path: Path, events: list[dict[str, Any]] | None) -> None:
    found = judged(tmp_path, events)
    assert (found.state, found.observed) == ("unknown", None)
    assert found.reason


def test_a_log_that_ended_before_the_span_is_unknown(tmp_path: Path) -> None:
    start = NOW - timedelta(hours=2)
    assert judged(tmp_path, logged.every_second(start, [GOOD] * 400)).state == "unknown"


def test_silence_in_a_part_of_the_span_is_never_clear(tmp_path: Path) -> None:
    found = judged(tmp_path, seconds(300)[:120])
    assert found.state == "unknown"
    assert "part 5 of 5 of the span has nothing to judge by" in found.reason


def test_requests_of_another_release_do_not_count(tmp_path: Path) -> None:
    assert judged(tmp_path, seconds(300, every(2, 300), version="v0.0.1")).state == "unknown"


def test_a_rate_that_is_too_low_breaches_by_its_upper_bound(tmp_path: Path) -> None:
    low = {**ERROR_RATE, "measure": "success.rate", "breach": {"below": "90%"}}
    assert judged(tmp_path, seconds(300), low).state == "clear"
    assert judged(tmp_path, seconds(300, every(2, 300)), low).state == "breached"
    slightly = judged(tmp_path, seconds(300, every(8, 300)), low)
    assert (slightly.state, "chance" in slightly.reason) == ("unknown", True)


def slower(first_ms: float, then_ms: float) -> list[dict[str, Any]]:
    start = NOW - timedelta(seconds=900)
    times = [first_ms] * 300 + [then_ms] * 600
    return logged.every_second(start, [{"duration_ms": ms, "generation_time_ms": ms} for ms in times])


DEGRADED = {**ERROR_RATE, "measure": "latency.generated.p50", "breach": {"above": "150%"}, "baseline": {"first": "5m"}}


def test_a_measure_against_its_own_beginning(tmp_path: Path) -> None:
    slow = judged(tmp_path, slower(300, 600), DEGRADED)
    assert slow.state == "breached"
    assert slow.observed == pytest.approx(600, rel=0.02)
    assert slow.expected == "latency.generated.p50 above 150 % of the baseline"
    assert judged(tmp_path, slower(300, 400), DEGRADED).state == "clear"


def sized(*stretches: tuple[int, str, float]) -> list[dict[str, Any]]:
    """A generation a second, stretch after stretch: for so many seconds, of a size, taking so many milliseconds."""
    each = [
        {"size": size, "duration_ms": ms, "generation_time_ms": ms} for span, size, ms in stretches for _ in range(span)
    ]
    return logged.every_second(NOW - timedelta(seconds=len(each)), each)


SMALL, LARGE = "1024x1024", "3840x2160"


def test_more_large_images_are_no_degradation_and_slower_ones_are(tmp_path: Path) -> None:
    mixed = [(1, SMALL, 300.0)] * 9 + [(1, LARGE, 900.0)]
    before = mixed * 30
    larger = judged(tmp_path, sized(*before, *([(1, LARGE, 900.0)] * 9 + [(1, SMALL, 300.0)]) * 60), DEGRADED)
    assert larger.state == "clear"
    assert "100 % of the baseline (95 % interval " in larger.reason
    slower_large = [(1, SMALL, 300.0)] * 2 + [(1, LARGE, 1800.0)] * 8
    assert judged(tmp_path, sized(*before, *slower_large * 60), DEGRADED).state == "breached"


def test_sizes_that_the_baseline_does_not_know_cannot_be_compared(tmp_path: Path) -> None:
    found = judged(tmp_path, sized((300, SMALL, 300.0), (600, LARGE, 900.0)), DEGRADED)
    assert found.state == "unknown"
    assert "only 0% of what there is has its like, by size, in the baseline" in found.reason


def test_slower_by_what_chance_could_give_is_no_breach(tmp_path: Path) -> None:
    times = [100.0, 900.0, 300.0, 310.0, 480.0, 500.0, 290.0]
    before = [(1, SMALL, times[place % 7]) for place in range(300)]
    now = [(1, SMALL, 1.55 * times[place * 5 % 7]) for place in range(600)]
    few = [
        each | {"generation_time_ms": None} if place >= 300 and place % 10 else each
        for place, each in enumerate(sized(*before, *now))
    ]
    found = judged(tmp_path, few, DEGRADED, min_samples=20)
    assert (found.state, found.samples) == ("unknown", 30)
    assert "chance alone" in found.reason or "not in every part" in found.reason


def test_a_baseline_of_too_few_samples_is_unknown(tmp_path: Path) -> None:
    found = judged(tmp_path, slower(300, 600), DEGRADED, baseline={"first": "10s"})
    assert found.state == "unknown"
    assert "the baseline has" in found.reason


def test_a_baseline_that_reaches_into_the_span_is_unknown(tmp_path: Path) -> None:
    found = judged(tmp_path, seconds(400), DEGRADED)
    assert found.state == "unknown"
    assert found.reason == "the log is not longer than the baseline and the span together"


@pytest.mark.parametrize(("recorded", "state"), [(100.0, "breached"), (500, "clear")])
def test_a_baseline_that_was_recorded(tmp_path: Path, recorded: float, state: str) -> None:
    (tmp_path / "baseline.json").write_text(json.dumps({"latency.generated.p50": recorded}))
    assert judged(tmp_path, seconds(300), DEGRADED, baseline={"file": "baseline.json"}).state == state


@pytest.mark.parametrize(
    "content",
    [
        None,
        "not json",
        "{}",
        "[1]",
        '{"latency.generated.p50": null}',
        '{"latency.generated.p50": 0}',
        '{"latency.generated.p50": -5}',
        '{"latency.generated.p50": true}',
        '{"latency.generated.p50": "300"}',
        '{"latency.generated.p50": NaN}',
        '{"latency.generated.p50": Infinity}',
        '{"latency.generated.p50": 1' + "0" * 400 + "}",
    ],
)
def test_a_baseline_that_says_nothing_is_unknown(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "baseline.json").write_text(content)
    found = judged(tmp_path, seconds(300), DEGRADED, baseline={"file": "baseline.json"})
    assert found.state == "unknown"
    assert "baseline" in found.reason


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"measure": "errors.rat"}, "there is no measure 'errors.rat'; did you mean 'errors.rate'?"),
        ({"measure": "zzz"}, "there is no measure 'zzz'; known are cache.hit_rate"),
        ({"breach": {"above": "5s"}}, "errors.rate cannot be judged by this"),
        ({"breach": None}, "`measure` and `breach` go together"),
        ({"any_fails": ["a"]}, "a criterion takes either `measure` with `breach`, or `any_fails: [check ids]`"),
        ({"for": "0s"}, "a measure breaches for a span: give `for`"),
        ({"for": 300}, "a span takes a unit"),
        ({"min_samples": 0}, "greater than or equal to 1"),
        ({"baseline": {}}, "a baseline takes either `first: SPAN` or `file: PATH`"),
        ({"baseline": {"first": "5m", "file": "x"}}, "a baseline takes either"),
    ],
)
def test_a_criterion_that_could_never_be_judged_is_refused(
    tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    rollback = {"criteria": [{**ERROR_RATE, **fields}]}
    path = write(tmp_path, checklist(stage(), rollback=rollback))
    with pytest.raises(ConfigurationError) as raised:
        conducted(path)
    assert message in str(raised.value)
    assert str(raised.value).startswith(f"{path}:")


def results(*statuses: str, **fields: Any) -> tuple[Result, ...]:
    return tuple(
        Result.model_validate(
            {"id": f"a[{n}]", "title": "A", "stage": "s", "kind": "told", "status": status, "required": True, **fields}
        )
        for n, status in enumerate(statuses)
    )


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        (["pass", "pass"], "clear"),
        (["pass", "warn", "waived"], "clear"),
        (["pass", "fail"], "breached"),
        (["fail", "error"], "breached"),
        (["pass", "error"], "unknown"),
        (["no_data"], "unknown"),
        (["blocked"], "unknown"),
        (["pending"], "unknown"),
        (["not_selected"], "unknown"),
        ([], "unknown"),
    ],
)
def test_any_fails(tmp_path: Path, statuses: list[str], state: str) -> None:
    rows = told("a", each=[{"id": str(n)} for n in range(3)])
    rollback = {"criteria": [{"id": "c", "title": "C", "any_fails": ["a"]}]}
    loaded = load(write(tmp_path, checklist(stage(rows), rollback=rollback)), environ={})
    (found,) = evaluate(loaded, Target(), results(*statuses), NOW)
    assert (found.state, found.measure, found.expected) == (state, "checks", "any of a fails")


@pytest.mark.parametrize("softened", [Status.WARN, Status.WAIVED])
def test_a_failure_that_was_softened_still_breaches(tmp_path: Path, softened: Status) -> None:
    rollback = {"criteria": [{"id": "c", "title": "C", "any_fails": ["a"]}]}
    loaded = load(write(tmp_path, checklist(stage(told("a", each=[{"id": "0"}])), rollback=rollback)), environ={})
    (found,) = evaluate(loaded, Target(), results(softened.value, raw_status="fail"), NOW)
    assert (found.state, found.reason) == ("breached", "failed: a[0]")


def test_the_run_records_its_criteria_and_they_weigh(tmp_path: Path, plugin: Path) -> None:
    rollback = {"criteria": [{"id": "c", "title": "C", "any_fails": ["b"]}, ERROR_RATE]}
    found = conducted(
        write(tmp_path, checklist(stage(told("a"), told("b", "fail", required=False)), rollback=rollback))
    )
    assert [(each.id, each.state) for each in found.record.criteria] == [("c", "breached"), ("error-rate", "unknown")]
    assert found.record.verdict == "NO-GO"
    assert found.record.reasons[0] == "rollback criterion c: breached: failed: b"


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.integers(0, 299), max_size=200), st.integers(0, 190))
def test_a_log_that_stops_is_never_clear(tmp_path: Path, bad: set[int], kept: int) -> None:
    assert judged(tmp_path, seconds(300, bad)[:kept]).state == "unknown"


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.integers(0, 299), max_size=200), st.integers(1, 90), st.integers(0, 9))
def test_a_lower_threshold_never_turns_what_is_not_clear_to_clear(
    tmp_path: Path, bad: set[int], threshold: int, lower: int
) -> None:
    events = seconds(300, bad)
    loose = judged(tmp_path, events, breach={"above": f"{threshold}%"}).state
    strict = judged(tmp_path, events, breach={"above": f"{max(0, threshold - lower)}%"}).state
    order = ["clear", "unknown", "breached"]
    assert order.index(strict) >= order.index(loose)


def test_what_a_log_cannot_tell_is_unknown_and_never_clear(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    times = [NOW - timedelta(seconds=second) for second in range(600, 0, -1)]
    log.write_text("".join(f'127.0.0.1 - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "GET / HTTP/1.1" 200 5\n' for at in times))
    for measure in ("cache.failure_rate", "safety.block_rate", "errors.exhausted_rate"):
        rollback = {"criteria": [{**ERROR_RATE, "measure": measure}]}
        loaded = load(write(tmp_path, checklist(rollback=rollback)), environ={})
        (found,) = evaluate(loaded, Target(logs=Logs(paths=(str(log),), format="combined")), (), NOW)
        assert (found.state, "the log does not" in found.reason) == ("unknown", True), measure


def test_exhausted_accounts_are_told_apart_from_other_failures(tmp_path: Path) -> None:
    criterion = {**ERROR_RATE, "measure": "errors.exhausted_rate"}
    exhausted = {"status": 429, "error_type": "QUOTA", "error_code": "accounts_exhausted", "level": "ERROR"}
    assert judged(tmp_path, seconds(400, every(2, 400)), criterion).state == "clear"
    start = NOW - timedelta(seconds=400)
    events = logged.every_second(start, [exhausted if place % 2 else GOOD for place in range(400)])
    assert judged(tmp_path, events, criterion).state == "breached"
