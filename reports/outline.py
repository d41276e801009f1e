"""The headings of a report and the names of their places, in the order in which they stand."""

from __future__ import annotations

from dataclasses import dataclass

from checks.outcome import RunRecord
from reports.anchors import Anchors
from reports.sections import Section

BEFORE = ("Reasons", "Contents", "What to do next", "Ways out")
AFTER = ("Metrics", "Findings", "Re-runs", "Lines of the page", "Provenance")


@dataclass(frozen=True)
class Heading:
    """A heading below the report's title: its depth (2 or 3), its words and the name of its place."""

    depth: int
    title: str
    anchor: str


def outline(title: str, sections: list[Section], anchors: Anchors) -> list[Heading]:
    """All headings, named in the order of the report."""
    anchors.heading(title)
    headings = [(2, each) for each in BEFORE]
    for section in sections:
        headings.append((2, section.title))
        headings += [(3, part.title) for part in section.parts if part.title is not None]
    headings += [(2, each) for each in AFTER]
    return [Heading(depth, each, anchors.heading(each)) for depth, each in headings]


def name_rows(record: RunRecord, anchors: Anchors) -> None:
    """Name the rows of all tables, after the headings."""
    anchors.name_rows("check", (each.id for each in record.checks))
    anchors.name_rows("criterion", (each.id for each in record.criteria))
    anchors.name_rows("step", (each.id for each in record.procedure))
    anchors.name_rows("role", (each.role for each in record.approvals))
