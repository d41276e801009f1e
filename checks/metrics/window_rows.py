"""A row of the window table as plain values, for files; whatever such a file says is checked before it counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from checks.metrics.histogram import EDGES, Histogram
from checks.metrics.windows import Sums, WindowKey

_COUNTS = tuple(part.name for part in fields(Sums) if part.type == "int")
_BY = tuple(part.name for part in fields(Sums) if part.name.startswith("errors_by_"))
_PARTS = tuple(part.name for part in fields(Sums) if part.type == "Histogram")
_KEY_TYPES = {"start": "BIGINT", "synthetic": "BOOLEAN"}
_KEY = {f"key_{name}": _KEY_TYPES.get(name, "VARCHAR") for name in WindowKey._fields}
_HISTOGRAM = {"counts": "MAP(INTEGER, BIGINT)", "sum_us": "BIGINT", "max_us": "BIGINT"}

COLUMNS: Mapping[str, str] = {
    **_KEY,
    **dict.fromkeys(_COUNTS, "BIGINT"),
    **dict.fromkeys(_BY, "MAP(VARCHAR, BIGINT)"),
    **{f"{part}_{end}": kind for part in _PARTS for end, kind in _HISTOGRAM.items()},
}
"""The values of a row in their order, with their SQL types."""


def row_of(key: WindowKey, sums: Sums) -> list[Any]:
    """Give the values of a row in the order of COLUMNS."""
    row: list[Any] = [*key, *(getattr(sums, count) for count in _COUNTS), *(dict(getattr(sums, by)) for by in _BY)]
    for part in _PARTS:
        histogram: Histogram = getattr(sums, part)
        row += [dict(histogram.counts), histogram.sum_us, histogram.max_us]
    return row


def sums_of(row: Sequence[Any]) -> tuple[WindowKey, Sums]:
    """Read the values of a row; raises ValueError or TypeError where they contradict each other."""
    values = dict(zip(COLUMNS, row, strict=True))
    key = WindowKey(*(values.pop(name) for name in _KEY))
    parts = {part: _histogram(values, part) for part in _PARTS}
    sums = Sums(**values, **parts)
    _check(sums)
    return key, sums


def _histogram(values: dict[str, Any], part: str) -> Any:
    counts = {int(bucket): count for bucket, count in values.pop(f"{part}_counts").items()}
    return Histogram(counts, values.pop(f"{part}_sum_us"), values.pop(f"{part}_max_us"))


def _check(sums: Sums) -> None:
    counted = [getattr(sums, count) for count in _COUNTS]
    outcomes = sums.errors + sums.blocked + sums.client_errors
    if min(counted) < 0 or sums.hits > sums.requests or max(outcomes, sums.synthetic) > sums.requests:
        raise ValueError("its counts contradict each other")
    for part in _PARTS:
        histogram: Histogram = getattr(sums, part)
        if any(count < 1 or not 0 <= bucket < len(EDGES) - 1 for bucket, count in histogram.counts.items()):
            raise ValueError("its histograms have impossible buckets")
        if histogram.count > sums.requests:
            raise ValueError("its counts contradict each other")
