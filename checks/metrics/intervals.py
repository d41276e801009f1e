"""Confidence intervals for rates."""

from __future__ import annotations

from math import sqrt

Z_95 = 1.959963984540054
"""The standard normal quantile that leaves 2.5 % on either side."""


def wilson(successes: int, samples: int, z: float = Z_95) -> tuple[float, float] | None:
    """Return Wilson's score interval [low, high] of a rate, or None of no samples.

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927). Raises ValueError unless 0 <= successes <= samples.
    """
    if not 0 <= successes <= samples:
        raise ValueError(f"{successes} of {samples} is not a rate")
    if not samples:
        return None
    share = successes / samples
    spread = z * z / samples
    middle = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / samples + spread / (4 * samples)) / (1 + spread)
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == samples else min(1.0, middle + half)
    return low, high
