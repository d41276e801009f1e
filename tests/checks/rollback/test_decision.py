"""The decision rule: what it promises of any counts, and that the benchmark measures this very rule."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.rollback.decision import EVIDENCE, PARTS, SCALES, Count, decide, evidence
from tests.benchmarks.decision_rules import MIN_SAMPLES, THRESHOLD, argo, breached, clear, flagger, prometheus
from tests.benchmarks.simulated_services import BEFORE, Minutes, healthy_days, incidents
from tests.benchmarks.trade_off import Point, below_ours, front

HEALTHY = Count(1, 60)
FAILING = Count(20, 60)
NOTHING = Count(0, 0)
counts = st.integers(0, 200).flatmap(lambda whole: st.builds(Count, st.integers(0, whole), st.just(whole)))


def state(*parts: Count, min_samples: int = MIN_SAMPLES) -> str:
    return decide(parts, [THRESHOLD], lambda rate: rate > THRESHOLD, min_samples).state


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([HEALTHY] * 5, "clear"),
        ([FAILING] * 5, "breached"),
        ([FAILING, FAILING, HEALTHY, FAILING, FAILING], "breached"),
        ([FAILING, FAILING, NOTHING, FAILING, FAILING], "breached"),
        ([HEALTHY, FAILING, FAILING, FAILING, FAILING], "unknown"),
        ([FAILING, FAILING, FAILING, FAILING, HEALTHY], "unknown"),
        ([HEALTHY, Count(60, 60), Count(60, 60), HEALTHY, HEALTHY], "unknown"),
        ([Count(60, 60), HEALTHY, HEALTHY, HEALTHY, Count(60, 60)], "unknown"),
        ([FAILING, FAILING, FAILING, FAILING, NOTHING], "unknown"),
        ([NOTHING, FAILING, FAILING, FAILING, FAILING], "unknown"),
        ([FAILING, NOTHING, NOTHING, FAILING, FAILING], "unknown"),
        ([HEALTHY, HEALTHY, NOTHING, HEALTHY, HEALTHY], "clear"),
        ([HEALTHY, HEALTHY, HEALTHY, HEALTHY, NOTHING], "unknown"),
        ([HEALTHY] * 4, "unknown"),
        ([], "unknown"),
        ([Count(0, 5)] * 5, "unknown"),
        ([Count(7, 60)] * 5, "unknown"),
        ([Count(9, 60)] * 40, "breached"),
        ([Count(1, 3)] * 40, "breached"),
        ([FAILING] * 35 + [HEALTHY] * 5, "clear"),
    ],
)
def test_what_the_rule_says(parts: list[Count], expected: str) -> None:
    assert state(*parts) == expected


def test_a_small_excess_is_told_by_a_longer_window() -> None:
    found = decide([Count(9, 60)] * 40, [THRESHOLD], lambda rate: rate > THRESHOLD, MIN_SAMPLES)
    assert (found.state, found.scale, found.window) == ("breached", 2, Count(90, 600))


@pytest.mark.parametrize("good", [True, False])
def test_a_rate_that_is_too_low(good: bool) -> None:
    parts = [Count(59 if good else 40, 60)] * 5
    assert decide(parts, [0.9], lambda rate: rate < 0.9, 30).state == ("clear" if good else "breached")


@given(st.lists(counts, max_size=60))
def test_without_enough_requests_in_any_window_nothing_is_told(parts: list[Count]) -> None:
    assert state(*parts, min_samples=10**6) == "unknown"


@given(st.lists(counts, min_size=5, max_size=45))
def test_clear_and_breached_are_on_their_sides_of_the_threshold(parts: list[Count]) -> None:
    found = decide(parts, [THRESHOLD], lambda rate: rate > THRESHOLD, MIN_SAMPLES)
    assert found.state != "clear" or found.window.rate <= THRESHOLD
    assert found.state != "breached" or found.window.rate > THRESHOLD


@given(counts, st.sampled_from([0.0, 0.1, 0.5, 1.0]))
def test_evidence_is_never_below_zero_and_zero_at_the_threshold(count: Count, threshold: float) -> None:
    found = evidence(count, threshold)
    assert found >= -1e-9
    if count.whole and count.rate == threshold:
        assert found == pytest.approx(0)
    if count.part and threshold == 0:
        assert math.isinf(found)


@pytest.mark.parametrize(("rate", "error"), [(0.05, 0.3), (0.2, 0.2), (1, 0.12), (5, 0.11)])
def test_the_benchmark_measures_this_rule(rate: float, error: float) -> None:
    random = np.random.default_rng(7)
    days = healthy_days(random, 1, rate, error)
    fast = breached(days, EVIDENCE, MIN_SAMPLES)[0]
    minutes = [Count(int(k), int(n)) for k, n in zip(days.failed[0], days.requests[0], strict=True)]
    longest = PARTS * max(SCALES)
    states = [state(*minutes[max(0, end - longest) : end]) for end in range(1, len(minutes) + 1)]
    assert "breached" in states
    assert [each == "breached" for each in states] == fast.tolist()
    is_clear = clear(days)[0] & ~fast
    assert [each == "clear" for each in states] == is_clear.tolist()


def test_the_other_rules_are_as_their_sources_say() -> None:
    quiet = np.full((1, 30), 100)
    failing = np.where(np.arange(30) >= 10, 50, 0)[None, :]
    minutes = Minutes(failing, quiet)
    assert prometheus(window=1)(minutes).tolist() == [15]
    assert argo(window=1)(minutes).tolist() == [15]
    assert flagger()(minutes).tolist() == [14]
    dipping = np.where(np.arange(30) % 5 == 0, 0, failing)
    assert prometheus(window=1)(Minutes(dipping, quiet)).tolist() == [-1]
    assert flagger()(Minutes(np.zeros((1, 30), dtype=np.int64), quiet * 0)).tolist() == [4]


def test_incidents_start_when_they_say() -> None:
    minutes = incidents(np.random.default_rng(1), 50, 50, 0.3, dip=False)
    share = minutes.failed.sum(axis=0) / minutes.requests.sum(axis=0)
    assert share[BEFORE - 1] < 0.05 < 0.25 < share[BEFORE]


def test_the_trade_off_names_who_is_sooner_or_less_often_wrong() -> None:
    mine = [Point("ours", "a", 0.5, 5.0), Point("ours", "b", 0.01, 10.0), Point("ours", "c", 0.02, 12.0)]
    sooner, rarer = Point("Argo", "x", 0.01, 8.0), Point("Flagger", "y", 0.0, 12.0)
    others = [Point("Argo", "z", 0.6, 5.0), Point("Argo", "before the span", 1.0, 2.0), Point("Argo", "n", 0, math.inf)]
    assert below_ours([*mine, sooner, rarer, *others], 10_000) == [sooner, rarer]
    assert front([*mine, sooner], "ours") == mine[:2]
