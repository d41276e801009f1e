"""Wilson's interval against published values and its own laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.metrics.intervals import wilson

counts = st.integers(1, 10_000).flatmap(lambda samples: st.tuples(st.integers(0, samples), st.just(samples)))


@pytest.mark.parametrize(
    ("successes", "samples", "low", "high"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_published_values(successes: int, samples: int, low: float, high: float) -> None:
    assert wilson(successes, samples) == pytest.approx((low, high), abs=5e-5)


@given(counts)
def test_the_rate_is_inside_and_the_mirror_image_agrees(case: tuple[int, int]) -> None:
    successes, samples = case
    interval, mirror = wilson(successes, samples), wilson(samples - successes, samples)
    assert interval is not None
    assert mirror is not None
    assert 0 <= interval[0] <= successes / samples <= interval[1] <= 1
    assert interval[0] == pytest.approx(1 - mirror[1], abs=1e-12)


def test_no_samples_have_no_interval() -> None:
    assert wilson(0, 0) is None


@pytest.mark.parametrize(("successes", "samples"), [(-1, 3), (4, 3), (0, -1)])
def test_what_is_no_rate_is_refused(successes: int, samples: int) -> None:
    with pytest.raises(ValueError, match="is not a rate"):
        wilson(successes, samples)
