"""What the statements give becomes a window table, whichever engine ran them."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, Protocol

from checks.metrics import statements
from checks.metrics.coverage import Coverage, Note
from checks.metrics.histogram import Histogram
from checks.metrics.log_format import LogFormat
from checks.metrics.selection import WINDOW_S, Selection
from checks.metrics.table import Source, WindowTable
from checks.metrics.windows import Sums, WindowKey


class Runner(Protocol):
    """An engine that holds the relation `counts`, of all that was read."""

    def fetch(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement and give its rows."""

    def view(self, name: str, statement: str) -> None:
        """Give a statement a name."""


_PARTS = ("all", "hit", "generated")
_LEFT_OUT = ("other_version", "synthetic_left_out", "users_left_out")
_KEY = len(WindowKey._fields)


def tabulated(
    runner: Runner,
    selection: Selection,
    *,
    log_format: LogFormat,
    sources: tuple[Source, ...],
    states: Counter[str],
    notes: Counter[Note],
) -> WindowTable:
    """Sum up the relation `counts` into a window table.

    `states` are lines that never reached the relation, by what became of them; `notes` is what was noticed so far.
    """
    notes = Counter(notes)
    states = states + _states(runner, notes)
    doubts = runner.fetch(statements.DOUBTS)[0][0]
    runner.view("counted", statements.COUNTED_ONCE if doubts else statements.COUNTED)
    if doubts:
        notes[Note("request_id_reused")] += runner.fetch(statements.REUSED)[0][0]
        once = runner.fetch(statements.PARSED_ONCE)[0][0]
        states["duplicate"], states["parsed"] = states["parsed"] - once, once
    for cache_value, *counts in runner.fetch(statements.NOTES):
        for code, count in zip(statements.NOTE_CODES, counts, strict=True):
            notes[Note(code, cache_value if code == "cache_value" else "")] += count
    if selection.get("versions") is None:
        del notes[Note("version_unknown")]
    rows = _rows(runner)
    if rows:
        notes.update(log_format.notes)
    return WindowTable(
        selection.get("window_s", WINDOW_S),
        rows,
        Coverage(**{state: states[state] for state in ("parsed", "ignored", "unparsed", "partial", "duplicate")}),
        +notes,
        sources,
        selection.get("since"),
        selection.get("until"),
    )


def _states(runner: Runner, notes: Counter[Note]) -> Counter[str]:
    """Add up the lines of `counts` by what became of them; why requests were left out is added to `notes`."""
    states: Counter[str] = Counter()
    for state, subject, ends, records, lines in runner.fetch(statements.STATES):
        if state in _LEFT_OUT:
            notes[Note(state, subject or "")] += records
        states["partial"] += records if ends else 0
        states["ignored" if state in _LEFT_OUT else state] += lines - (records if ends else 0)
    return states


def _rows(runner: Runner) -> dict[WindowKey, Sums]:
    types: dict[WindowKey, Counter[str]] = defaultdict(Counter)
    statuses: dict[WindowKey, Counter[str]] = defaultdict(Counter)
    for *dimensions, error_type, status, count in runner.fetch(statements.FAILURES):
        key = WindowKey(*dimensions)
        types[key][error_type] += count
        statuses[key][str(status)] += count
    buckets: dict[WindowKey, list[dict[int, int]]] = {}
    for found in runner.fetch(statements.BUCKETS):
        lists = found[_KEY:]
        buckets[WindowKey(*found[:_KEY])] = [
            dict(zip(lists[at] or (), lists[at + 1] or (), strict=True)) for at in range(0, len(lists), 2)
        ]
    rows = {}
    for found in runner.fetch(statements.SUMS):
        key = WindowKey(*found[:_KEY])
        row: dict[str, Any] = dict(zip(statements.SUM_COLUMNS, found[_KEY:], strict=True))
        for part, counts in zip(_PARTS, buckets.get(key, ({}, {}, {})), strict=True):
            row[part] = Histogram(counts, row.pop(f"{part}_sum_us"), row.pop(f"{part}_max_us"))
        rows[key] = Sums(**row, errors_by_type=dict(types[key]), errors_by_status=dict(statuses[key]))
    return rows
