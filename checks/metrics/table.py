"""The window table: what logs become, and what every measure, criterion, chart and backtest reads."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

from checks.metrics.clock import ClockStep
from checks.metrics.coverage import HOLDS, SILENT, Caveat, Coverage, Note, caveat
from checks.metrics.measures import MEASURES, MeasureValue, Rate, WindowReading
from checks.metrics.windows import Sums, WindowKey, total_of

MOST_STEPS = 64
"""Steps of a clock that are kept, the latest."""

NO_REQUEST = "no request in what was read"
"""Why an empty table gives no measures; all that was read is known, and there was nothing."""


_OF_FAILURES = Note("durations_of_failures")


@dataclass(frozen=True)
class Source:
    """A file that was read: its resolved path, the format chosen for it (None: nothing to tell by), its size.

    `confidence` is the share of its first lines that are in that format, None where nobody asked.
    """

    path: str
    format: str | None
    bytes: int
    confidence: float | None = None


@dataclass(frozen=True)
class WindowTable:
    """Sums by window and dimension, and how they came about.

    `window_s` is a window's length in seconds. `since` (inclusive) and `until` (exclusive) are what was asked for.
    `clock_steps` are where the clock that stamped a log went back. Tables of different logs, from whatever machines,
    add up by `merge`.
    """

    window_s: int
    rows: Mapping[WindowKey, Sums] = field(default_factory=dict)
    coverage: Coverage = field(default_factory=Coverage)
    notes: Mapping[Note, int] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    clock_steps: tuple[ClockStep, ...] = ()

    @cached_property
    def total(self) -> Sums:
        """All rows added up."""
        return total_of(self.rows.values())

    @cached_property
    def by_window(self) -> Mapping[int, Sums]:
        """Rows added up over their dimensions, by start in seconds since 1970 UTC, in order of time."""
        windows: dict[int, Sums] = defaultdict(Sums)
        for key, sums in sorted(self.rows.items(), key=lambda row: row[0].start):
            windows[key.start] += sums
        return dict(windows)

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """From `since` to `until`, or where they were not asked for, from the first window to the end of the last."""
        first = self.since or (_moment(min(self.by_window)) if self.by_window else None)
        last = self.until or (_moment(max(self.by_window) + self.window_s) if self.by_window else None)
        return (first, last) if first and last else None

    @property
    def unknown_reason(self) -> str | None:
        """Why no measure can be given of this table, or None where measures may be given."""
        if self.coverage.too_much_unparsed:
            return self._unparsed().message
        for note in sorted(self.notes, key=lambda note: (note.code, note.subject)):
            if note.code in HOLDS:
                return caveat(note, self.notes[note]).message
        if not self.total.requests:
            return NO_REQUEST
        return None

    def why_unknown(self, name: str) -> str | None:
        """Why a measure of MEASURES can't be given of this table, or None where it may be."""
        formula = MEASURES[name].formula
        if self.unknown_reason:
            return self.unknown_reason
        if formula.unit == "duration_ms" and _OF_FAILURES in self.notes:
            return caveat(_OF_FAILURES, 1).message
        silent = (self.silent_on(formula.part) or self.silent_on(formula.whole)) if isinstance(formula, Rate) else None
        return silent.message if silent else None

    def clock_step_in(self, since: datetime, until: datetime) -> ClockStep | None:
        """A step of the clock whose doubtful time lies in a stretch, or None."""
        return next((step for step in self.clock_steps if step.to < until and step.after > since), None)

    def silent_on(self, part: str) -> Caveat | None:
        """Say why a sum is unknown although requests were counted; None where it is known."""
        codes = [note for note in self.notes if part in SILENT.get(note.code, ())]
        return caveat(codes[0], self.notes[codes[0]]) if codes else None

    @property
    def is_synthetic(self) -> Literal["none", "some", "all"]:
        """Which of the requests are labelled synthetic; "none" also where there is no request."""
        if not self.total.synthetic:
            return "none"
        return "all" if self.total.synthetic == self.total.requests else "some"

    @property
    def caveats(self) -> tuple[Caveat, ...]:
        """What the numbers cannot say, ordered by code."""
        found = [caveat(note, count) for note, count in self.notes.items()]
        if self.coverage.too_much_unparsed:
            found.append(self._unparsed())
        versions = sorted({key.version for key in self.rows if key.version})
        if len(versions) > 1:
            found.append(caveat(Note("several_versions", ", ".join(versions)), len(versions)))
        if self.total.synthetic:
            share = self.total.synthetic / self.total.requests
            found.append(caveat(Note("synthetic_traffic", f"{share:.1%}"), self.total.synthetic))
        return tuple(sorted(found, key=lambda found: (found.code, found.message)))

    def measure(self, name: str) -> MeasureValue:
        """Give a measure by its name in MEASURES; raises KeyError, naming the known ones, for another name."""
        if name not in MEASURES:
            raise KeyError(f"unknown measure {name!r}; known: {', '.join(MEASURES)}")
        formula = MEASURES[name].formula
        requests = self.total.requests
        share = self.total.synthetic / requests if requests else None
        reason = self.why_unknown(name)
        if reason:
            return MeasureValue(name, formula.unit, None, None, 0, reason, share, ())
        span = self.span
        seconds = (span[1] - span[0]).total_seconds() if span else 0.0
        value, samples, interval = formula.read(self.total, seconds)
        if value is None:
            reason = f"{requests} request(s), but nothing among them to compute {name} of"
        windows = tuple(
            WindowReading(_moment(start), *formula.read(sums, self.window_s)[:2])
            for start, sums in self.by_window.items()
        )
        return MeasureValue(name, formula.unit, value, interval, samples, reason, share, windows)

    def slice(self, since: datetime | None = None, until: datetime | None = None) -> WindowTable:
        """Keep the windows that start at or after `since` and before `until`; how they were read stays."""
        first = since.timestamp() if since else float("-inf")
        last = until.timestamp() if until else float("inf")
        rows = {key: sums for key, sums in self.rows.items() if first <= key.start < last}
        return replace(self, rows=rows, since=since or self.since, until=until or self.until)

    def of(self, versions: frozenset[str] | None, synthetic: bool | None) -> WindowTable:
        """Keep the rows of those versions, or of none that is named, and those that are labelled so, or all.

        None asks nothing. What was left out is noted as it is in reading a log.
        """
        rows: dict[WindowKey, Sums] = {}
        notes: Counter[Note] = Counter(self.notes)
        for key, sums in self.rows.items():
            if versions is not None and key.version and key.version not in versions:
                notes[Note("other_version", key.version)] += sums.requests
            elif synthetic is not None and bool(key.synthetic) is not synthetic:
                notes[Note("users_left_out" if synthetic else "synthetic_left_out")] += sums.requests
            else:
                rows[key] = sums
        return replace(self, rows=rows, notes=dict(notes))

    @property
    def groups(self) -> Mapping[str, WindowTable]:
        """The parts of the table by the field that requests were told apart by; all of it under "" where none was."""
        rows: dict[str, dict[WindowKey, Sums]] = defaultdict(dict)
        for key, sums in self.rows.items():
            rows[key.group][key] = sums
        return {group: replace(self, rows=rows[group]) for group in sorted(rows)}

    def merge(self, other: WindowTable) -> WindowTable:
        """Add the table of other logs, in whatever order; raises ValueError where the windows differ in length."""
        if self.window_s != other.window_s:
            raise ValueError(f"windows of {self.window_s} s and of {other.window_s} s don't add up")
        rows, notes = dict(self.rows), dict(self.notes)
        for key, sums in other.rows.items():
            rows[key] = rows.get(key, Sums()) + sums
        for note, count in other.notes.items():
            notes[note] = notes.get(note, 0) + count
        return WindowTable(
            self.window_s,
            rows,
            self.coverage + other.coverage,
            notes,
            tuple(sorted({*self.sources, *other.sources}, key=lambda each: (each.path, each.format or "", each.bytes))),
            min(self.since, other.since) if self.since and other.since else None,
            max(self.until, other.until) if self.until and other.until else None,
            tuple(sorted({*self.clock_steps, *other.clock_steps}))[-MOST_STEPS:],
        )

    def _unparsed(self) -> Caveat:
        share = self.coverage.unparsed / self.coverage.lines
        return caveat(Note("too_much_unparsed", f"{share:.1%}"), self.coverage.unparsed)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
