"""How SQL finds a duration's bucket: a logarithm names a cell, and a cell holds at most one edge."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import ceil, exp, floor, log
from typing import NamedTuple

from checks.metrics.histogram import EDGES, LONGEST_US, bucket_of

FINENESS = 110
"""Cells a factor of e: finer than the closest edges (98 and 99 µs are 1.0 % apart), so that none holds two."""

CELL = f"CAST(floor(ln(duration_us + 1) * {FINENESS}) AS INTEGER)"
"""The SQL of a duration's cell."""

_SLACK = 1e-9
"""How far engines' logarithms may differ, relative; a duration at a border may be in either cell."""


class Cell(NamedTuple):
    """A duration in this cell is in `bucket`, and from `next_edge` in the one after it."""

    cell: int
    bucket: int
    next_edge: int


@cache
def cells() -> tuple[Cell, ...]:
    """Give the cells of all durations from 0 to LONGEST_US microseconds."""
    return tuple(_cells())


def _cells() -> Iterator[Cell]:
    for cell in range(floor(log(LONGEST_US + 1) * FINENESS) + 2):
        lowest = max(0, ceil((exp(cell / FINENESS) - 1) * (1 - _SLACK) - _SLACK))
        bucket = bucket_of(min(lowest, LONGEST_US))
        yield Cell(cell, bucket, EDGES[bucket + 1])
