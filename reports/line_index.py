"""From a line of the page to what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from checks.outcome import Covered, RunRecord
from checks.signing.gate import Decision
from reports import wording
from reports.gate import rows_of


@dataclass(frozen=True)
class IndexEntry:
    """One line of the page and one thing that covers it; `row` names its place in the report."""

    line: int
    text: str
    row: tuple[str, str]
    standing: str


def line_index(record: RunRecord, decision: Decision | None = None) -> list[IndexEntry]:
    """Everything that covers a line, in the order of the page."""
    entries = [
        *_entries("check", [(each.id, each.covers, wording.standing(each)) for each in record.checks]),
        *_entries("criterion", [(each.id, each.covers, wording.criterion(each)) for each in record.criteria]),
        *_entries("step", [(each.id, each.covers, wording.STEP_SYMBOLS[each.state]) for each in record.procedure]),
        *_entries(
            "role", [(each.approval.role, each.approval.covers, each.standing) for each in rows_of(record, decision)]
        ),
    ]
    return sorted(entries, key=lambda entry: entry.line)


def _entries(kind: str, covering: list[tuple[str, tuple[Covered, ...], str]]) -> list[IndexEntry]:
    return [
        IndexEntry(line.line, line.text, (kind, row), standing) for row, covers, standing in covering for line in covers
    ]
