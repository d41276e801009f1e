"""The order of a report: the page's own sections, with what the record holds beside checks put in its place there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median_low
from typing import Literal

from checks.outcome import Covered, Result, RunRecord, StageRecord

PartKind = Literal["stage", "stories", "criteria", "procedure", "lead", "approvals"]
STORIES_TITLE = "Story Completion Summary"


@dataclass(frozen=True)
class Part:
    """What stands under one heading of the page; `title` is None where the section's heading is the only one."""

    kind: PartKind
    title: str | None
    stage: StageRecord | None = None
    results: tuple[Result, ...] = ()


@dataclass
class Section:
    """A heading of the page and the parts under it; `line` is about where the page has it, None where unknown."""

    title: str
    parts: list[Part] = field(default_factory=list)
    line: int | None = None
    after: bool = False


def sections_of(record: RunRecord) -> list[Section]:
    """Every section in the page's order.

    Stages keep the checklist's order. Criteria, procedure and signatures go where the lines that they cover belong;
    without lines, before what follows the approval.
    """
    sections = _of_stages(record)
    _place_stories(record, sections)
    signatures = [Part("lead", "Integration Lead"), Part("approvals", "Team Sign-Offs")]
    for title, parts, covered in (
        ("Rollback Criteria", [Part("criteria", None)], [each.covers for each in record.criteria]),
        ("Rollback Procedure", [Part("procedure", None)], [each.covers for each in record.procedure]),
        ("Sign-Off", signatures, [each.covers for each in record.approvals]),
    ):
        _place(sections, Section(title, parts, _line(covered)))
    return sections


def stories_of(record: RunRecord) -> list[Result]:
    """The checks that are rows of the table of stories."""
    return [result for result in record.checks if result.id.startswith(("story[", "stories["))]


def _of_stages(record: RunRecord) -> list[Section]:
    sections: dict[str, Section] = {}
    for stage in (*record.stages, *_homeless(record)):
        results = tuple(result for result in record.checks if result.stage == stage.id)
        section = sections.setdefault(stage.section.casefold(), Section(stage.section, after=True))
        title = None if same_heading(stage.title, stage.section) else stage.title
        section.parts.append(Part("stage", title, stage, results))
        section.after = section.after and stage.after is not None
    for section in sections.values():
        section.line = _line([result.covers for part in section.parts for result in part.results])
    return list(sections.values())


def _homeless(record: RunRecord) -> list[StageRecord]:
    """Stages for checks whose own is not in the record, so that no check is left out of a report."""
    known = {stage.id for stage in record.stages}
    missing = dict.fromkeys(result.stage for result in record.checks if result.stage not in known)
    return [StageRecord(id=each, title=each, section="Other checks", verdict=None) for each in missing]


def _place_stories(record: RunRecord, sections: list[Section]) -> None:
    """Under the heading that the page has for them, else where the page tells of completion, else at the end."""
    if not stories_of(record):
        return
    for section in sections:
        for index, part in enumerate(section.parts):
            if same_heading(part.title or section.title, STORIES_TITLE):
                section.parts.insert(index + 1, Part("stories", None))
                return
    for section in sections:
        if "completion" in section.title.casefold():
            section.parts.insert(0, Part("stories", STORIES_TITLE))
            return
    _place(sections, Section(STORIES_TITLE, [Part("stories", None)]))


def _place(sections: list[Section], new: Section) -> None:
    """Put a section before the first that the page has later, or add its parts to the one of its title."""
    for section in sections:
        if same_heading(section.title, new.title):
            section.parts[:0] = [part for part in new.parts if part.title is None]
            section.parts += [part for part in new.parts if part.title is not None]
            return
    for index, section in enumerate(sections):
        if section.after or (new.line is not None and section.line is not None and section.line > new.line):
            sections.insert(index, new)
            return
    sections.append(new)


def _line(covered: Sequence[Sequence[Covered]]) -> int | None:
    lines = [each.line for covers in covered for each in covers]
    return median_low(lines) if lines else None


def same_heading(one: str, other: str) -> bool:
    """Whether two headings of the page are one and the same, whatever their case."""
    return one.casefold().strip() == other.casefold().strip()
