"""Like compared with like: a change of the mix is no degradation, and a ratio says how sure it is."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.metrics.histogram import Histogram
from checks.metrics.intervals import Z_95
from checks.metrics.measures import MEASURES
from checks.metrics.windows import Sums
from checks.rollback.likeness import Estimate, Stretch, compare, estimate

P50 = MEASURES["latency.generated.p50"].formula
MEAN = MEASURES["latency.generated.mean"].formula
ERRORS = MEASURES["errors.rate"].formula
REQUESTS = MEASURES["requests.rate"].formula


def took(**durations_ms: list[int]) -> Stretch:
    histograms = {name: Histogram.of(*(each * 1000 for each in found)) for name, found in durations_ms.items()}
    return Stretch({name: Sums(requests=each.count, generated=each) for name, each in histograms.items()}, 300.0)


def around(middle: int, count: int, seed: int = 1) -> list[int]:
    chosen = random.Random(seed)
    return [round(middle * chosen.uniform(0.8, 1.2)) for _ in range(count)]


def failed(errors: int, requests: int, seconds: float = 300.0) -> Stretch:
    return Stretch({"": Sums(requests=requests, errors=errors)}, seconds)


def ratio_of(formula: object, before: Stretch, now: Stretch, z: float = Z_95) -> Estimate:
    found = compare(formula, before, now, z).ratio  # type: ignore[arg-type]  # any of the measures' formulas
    assert found is not None
    return found


@pytest.mark.parametrize("formula", [P50, MEAN])
def test_more_large_images_are_no_degradation(formula: object) -> None:
    before = took(small=around(300, 900), large=around(3000, 100, 2))
    now = took(small=around(300, 100, 3), large=around(3000, 900, 4))
    ratio = ratio_of(formula, before, now)
    assert ratio.low < 1 < ratio.high
    assert ratio.value == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("formula", [P50, MEAN])
def test_what_takes_twice_as_long_is_told_although_the_mix_hides_it(formula: object) -> None:
    before = took(small=around(300, 100), large=around(3000, 900, 2))
    now = took(small=around(600, 900, 3), large=around(6000, 100, 4))
    ratio = ratio_of(formula, before, now)
    assert ratio.value == pytest.approx(2, rel=0.05)
    assert 1.3 < ratio.low < 2 < ratio.high


def test_few_durations_give_a_wide_interval() -> None:
    few, many = (ratio_of(P50, took(a=around(300, 30)), took(a=around(480, n, 2))) for n in (8, 2000))
    assert few.low < 1.5 < few.high
    assert many.high / many.low < few.high / few.low


def test_sizes_that_were_not_there_are_left_out_and_said() -> None:
    found = compare(P50, took(small=[300] * 50), took(small=[300] * 10, large=[9000] * 30), Z_95)
    assert found.compared == 0.25
    assert found.ratio is not None
    assert found.ratio.value == pytest.approx(1, rel=0.02)
    assert compare(P50, took(small=[300]), took(large=[300]), Z_95).ratio is None


def test_rates_and_counts_have_their_intervals() -> None:
    ratio = ratio_of(ERRORS, failed(100, 1000), failed(40, 200))
    assert ratio.value == pytest.approx(2)
    assert 1 < ratio.low < 2 < ratio.high
    assert ratio_of(REQUESTS, failed(0, 100, 100.0), failed(0, 100, 200.0)).value == pytest.approx(0.5)
    assert compare(ERRORS, failed(0, 1000), failed(40, 200), Z_95).ratio is None
    assert ratio_of(ERRORS, failed(100, 1000), failed(0, 200)).high > 0


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=60),
    st.sampled_from([P50, MEAN]),
    st.floats(0.1, 4),
)
def test_a_stretch_is_like_itself(durations: list[int], formula: object, z: float) -> None:
    ratio = ratio_of(formula, took(a=durations), took(a=durations), z)
    assert ratio.value == pytest.approx(1)
    assert ratio.low <= 1 <= ratio.high


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=60), st.floats(0.1, 4))
def test_the_ends_are_on_either_side_and_move_apart_with_z(durations: list[int], z: float) -> None:
    close, wide = estimate(P50, took(a=durations), z), estimate(P50, took(a=durations), 2 * z)
    assert close is not None
    assert wide is not None
    assert wide.low <= close.low <= close.value <= close.high <= wide.high
    assert not math.isnan(close.value)
