"""Counters at the borders of windows become the window table: what grew in a window is what happened in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from math import floor, isfinite, isnan
from typing import NamedTuple

from checks.metrics.coverage import Note
from checks.metrics.histogram import LONGEST_US, Histogram, bucket_of
from checks.metrics.prometheus.api import Prometheus, Samples, Span
from checks.metrics.prometheus.mapping import Mapping, Series, built_in_mapping
from checks.metrics.table import Source, WindowTable
from checks.metrics.windows import Sums, WindowKey

FORMAT = "prometheus"

_STALE_WINDOWS = 2


class _Cell(NamedTuple):
    """A window of one instance."""

    start: int
    instance: str


@dataclass(frozen=True)
class _Growth:
    """By how much a counter grew in a window; `label` is the value that tells its series apart, `edge` its `le`."""

    cell: _Cell
    label: str
    edge: str
    by: float


def read_prometheus(
    url: str, since: datetime, until: datetime, window_s: int = 60, mapping: Mapping | None = None
) -> WindowTable:
    """Ask a Prometheus for the windows that lie whole between `since` and `until`.

    A window counts for an instance where its counters are known at both ends and were scraped inside it; others are
    noted as missing, not counted as zero. Latencies are the upper edges of the histogram's buckets. Raises
    LogSourceError where the server can't be reached or answers an error, ValueError for windows below a second or a
    span without a whole window.
    """
    span = _span(since, until, window_s)
    names = mapping or built_in_mapping()
    with closing(Prometheus(url)) as server:
        reading = _Reading(server, span, names)
        rows = reading.rows()
    notes = reading.notes
    notes.update(Note("prometheus_warning", warning) for warning in server.warnings)
    return WindowTable(
        window_s,
        rows,
        notes=dict(notes),
        sources=(Source(server.name, FORMAT, server.bytes),),
        since=datetime.fromtimestamp(span.start, UTC),
        until=datetime.fromtimestamp(span.end, UTC),
    )


def _span(since: datetime, until: datetime, window_s: int) -> Span:
    if window_s < 1:
        raise ValueError(f"a window has at least one second, not {window_s}")
    start = -(-floor(since.timestamp()) // window_s) * window_s
    end = floor(until.timestamp()) // window_s * window_s
    if end <= start:
        raise ValueError(f"there is no whole window of {window_s} s from {since.isoformat()} to {until.isoformat()}")
    return Span(start, end, window_s)


class _Reading:
    """One reading of one server."""

    def __init__(self, server: Prometheus, span: Span, names: Mapping) -> None:
        self._server = server
        self._span = span
        self._names = names
        self._scraped: set[_Cell] = set()
        self.notes: Counter[Note] = Counter()

    def rows(self) -> dict[WindowKey, Sums]:
        """Ask for all series and add them up."""
        names, parts = self._names, defaultdict[_Cell, list[Sums]](list)
        found = self._series(names.durations, "_bucket")
        if not found:
            self.notes[Note("prometheus_empty", names.durations.selector("_bucket"))] += 1
            return {}
        buckets = self._with_edges(found)
        self._scraped = self._cells_scraped()
        known = self._known(buckets)
        self._note_missing(known)
        for cell in set().union(*known.values()):
            parts[cell].append(Sums())
        for cell, sums in self._requests(buckets):
            parts[cell].append(sums)
        for growth in self._growths(names.statuses, ""):
            if growth.label in names.failed_statuses:
                parts[growth.cell].append(Sums(errors_by_status={growth.label: round(growth.by)}))
        for growth in self._growths(names.cache, ""):
            parts[growth.cell].append(_looked_up(growth, names))
        self.notes[Note("prometheus_buckets")] += 1
        return {WindowKey(cell.start, instance=cell.instance): sum(sums, Sums()) for cell, sums in parts.items()}

    def _series(self, series: Series, suffix: str) -> list[Samples]:
        found = self._server.range(series.selector(suffix), self._span)
        for samples in found:
            broken = [at for at, value in samples.values.items() if not isfinite(value) or value < 0]
            if broken:
                self.notes[Note("prometheus_not_a_number", series.metric + suffix)] += len(broken)
        return found

    def _with_edges(self, buckets: Sequence[Samples]) -> list[Samples]:
        """Those whose upper edge is a number; of others nothing is known, which is noted."""
        good = [each for each in buckets if _edge(each) is not None]
        if len(good) < len(buckets):
            self.notes[Note("prometheus_not_a_number", f"{self._names.durations.metric}_bucket{{le}}")] += 1
        return good

    def _cells_scraped(self) -> set[_Cell]:
        """Windows in which an instance was scraped, so that a value that only stands still is not taken for quiet."""
        selector = self._names.durations.selector("_bucket")
        query = f"max by (instance) (count_over_time({selector}[{self._span.step}s]))"
        return {
            _Cell(at - self._span.step, samples.labels.get("instance", ""))
            for samples in self._server.range(query, self._span)
            for at, count in samples.values.items()
            if count > 0
        }

    def _note_missing(self, cells: dict[str, set[_Cell]]) -> None:
        starts = range(self._span.start, self._span.end, self._span.step)
        for instance, known in cells.items():
            if len(known) < len(starts):
                self.notes[Note("prometheus_missing", instance)] += len(starts) - len(known)
        if not any(_Cell(start, name) in known for start in starts[-_STALE_WINDOWS:] for name, known in cells.items()):
            self.notes[Note("prometheus_stale", self._server.name)] += 1

    def _known(self, family: Iterable[Samples]) -> dict[str, set[_Cell]]:
        """Give the windows by instance at both of whose ends any series of a family has a value."""
        times: dict[str, set[int]] = defaultdict(set)
        for samples in family:
            times[samples.labels.get("instance", "")].update(samples.values)
        step = self._span.step
        return {
            name: {_Cell(at, name) for at in known if at + step in known and _Cell(at, name) in self._scraped}
            for name, known in times.items()
        }

    def _growths(self, series: Series | None, suffix: str) -> Iterator[_Growth]:
        if series is not None:
            yield from self._grown(series, self._series(series, suffix))

    def _grown(self, series: Series, family: Collection[Samples]) -> Iterator[_Growth]:
        """Give what grew: a counter that starts anew counts from zero, and so does a series that is new in a family."""
        known = self._known(family)
        for samples in family:
            for cell in known[samples.labels.get("instance", "")]:
                before, after = samples.values.get(cell.start, 0.0), samples.values.get(cell.start + self._span.step)
                if after is None or not isfinite(before) or not isfinite(after):
                    continue
                grown = after - before if after >= before else after
                if grown > 0:
                    label, edge = samples.labels.get(series.label, ""), samples.labels.get("le", "")
                    yield _Growth(cell, label, edge, grown)

    def _requests(self, buckets: Collection[Samples]) -> Iterator[tuple[_Cell, Sums]]:
        durations, outcomes = self._names.durations, self._names.outcomes
        edges: dict[tuple[_Cell, str], dict[float, float]] = defaultdict(lambda: defaultdict(float))
        for growth in self._grown(durations, buckets):
            edges[growth.cell, growth.label][float(growth.edge)] += growth.by
        seconds: Counter[tuple[_Cell, str]] = Counter()
        for growth in self._growths(durations, "_sum"):
            seconds[growth.cell, growth.label] += round(growth.by * 1_000_000)
        for (cell, outcome), counts in edges.items():
            histogram = _histogram(counts, seconds[cell, outcome])
            count = histogram.count
            yield (
                cell,
                Sums(
                    requests=count,
                    errors=count if outcome in outcomes.failed else 0,
                    blocked=count if outcome in outcomes.blocked else 0,
                    client_errors=count if outcome in outcomes.client else 0,
                    all=histogram,
                    hit=histogram if outcome in outcomes.hit else Histogram(),
                    generated=histogram if outcome in outcomes.generated else Histogram(),
                ),
            )


def _edge(samples: Samples) -> float | None:
    try:
        edge = float(samples.labels.get("le", ""))
    except ValueError:
        return None
    return None if isnan(edge) else edge


def _histogram(cumulative: dict[float, float], sum_us: int) -> Histogram:
    """Make a histogram of Prometheus' cumulative buckets, each duration standing for its bucket's upper edge."""
    counts: dict[int, int] = {}
    below = largest = 0
    for edge in sorted(cumulative):
        inside = round(cumulative[edge]) - below
        below += max(0, inside)
        if inside > 0:
            largest = round(edge * 1_000_000) if isfinite(edge) else LONGEST_US
            bucket = bucket_of(min(largest, LONGEST_US))
            counts[bucket] = counts.get(bucket, 0) + inside
    return Histogram(counts, sum_us, min(largest, LONGEST_US))


def _looked_up(growth: _Growth, names: Mapping) -> Sums:
    count, words = round(growth.by), names.results
    return Sums(
        hits=count if growth.label in words.hit else 0,
        misses=count if growth.label in words.miss else 0,
        bypassed=count if growth.label in words.bypass else 0,
        cache_errors=count if growth.label in words.error else 0,
    )
