"""The direction of a series: rising, falling or neither.

Mann and Kendall's test: of all pairs of values, how many more rise than fall, against what chance would give.
Source: H. B. Mann, "Nonparametric tests against trend", Econometrica 13 (1945), with the normal approximation and
continuity correction, which from four values on decides as the exact distribution does at this level.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

FEWEST_VALUES = 4
"""With three values even the clearest order comes by chance once in six times."""
MOST_VALUES = 500
"""Pairs grow with the square; a longer series is judged by its last values."""
CRITICAL = 1.645
"""One-sided level of 5 %: quantile of the normal distribution at 0.95."""


def direction(values: Sequence[float]) -> str:
    """Return `rising`, `falling` or `flat` for values in the order of time. Raises ValueError for fewer than four."""
    series = values[-MOST_VALUES:]
    count = len(series)
    if count < FEWEST_VALUES:
        raise ValueError(f"a trend needs at least {FEWEST_VALUES} values, and there are {count}")
    balance = sum((late > early) - (late < early) for early, late in combinations(series, 2))
    spread = math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    if (abs(balance) - 1) / spread < CRITICAL:
        return "flat"
    return "rising" if balance > 0 else "falling"
