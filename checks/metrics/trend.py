"""Does a measure rise or fall over its windows, beyond chance?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from checks.metrics.intervals import Z_95
from checks.metrics.measures import Unit, WindowReading

FEWEST_WINDOWS = 3
"""Through two points every line is straight; fewer than three windows with data say nothing."""

_STUDENT_95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
"""Two-sided 95 % quantiles of Student's t for 1 to 10 degrees of freedom; the tenth stands for all beyond."""


@dataclass(frozen=True)
class Trend:
    """The direction of a measure; None, with a reason, where it cannot be told.

    `slope` is the change of the value in one hour. `samples` and `windows` are what it rests on.
    """

    direction: Literal["rising", "falling", "flat"] | None
    slope: float | None
    samples: int
    windows: int
    reason: str | None = None


def trend_of(readings: Sequence[WindowReading], unit: Unit) -> Trend:
    """Fit a line by least squares, each window weighing as many samples as it has.

    It rises or falls where zero is outside the slope's 95 % interval: of a rate by the binomial variance
    (Cochran-Armitage), of anything else by Student's t of what the line leaves.
    """
    points = [
        (reading.start.timestamp() / 3600, reading.value, reading.samples)
        for reading in readings
        if reading.value is not None and reading.samples > 0
    ]
    samples = sum(weight for _, _, weight in points)
    if len(points) < FEWEST_WINDOWS:
        reason = f"{len(points)} window(s) with data; a trend needs {FEWEST_WINDOWS}"
        return Trend(None, None, samples, len(points), reason)
    middle_x = sum(weight * x for x, _, weight in points) / samples
    middle_y = sum(weight * y for _, y, weight in points) / samples
    spread = sum(weight * (x - middle_x) ** 2 for x, _, weight in points)
    if len({value for _, value, _ in points}) == 1:
        return Trend("flat", 0.0, samples, len(points))
    slope = sum(weight * (x - middle_x) * (y - middle_y) for x, y, weight in points) / spread
    if unit == "rate":
        margin = Z_95 * sqrt(max(0.0, middle_y * (1 - middle_y)) / spread)
    else:
        left = sum(weight * (y - middle_y - slope * (x - middle_x)) ** 2 for x, y, weight in points)
        freedom = len(points) - 2
        margin = _STUDENT_95[min(freedom, len(_STUDENT_95)) - 1] * sqrt(left / freedom / spread)
    if abs(slope) <= margin:
        return Trend("flat", slope, samples, len(points))
    return Trend("rising" if slope > 0 else "falling", slope, samples, len(points))
