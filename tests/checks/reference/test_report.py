"""A healthy reference is a GO, and one search for the words of any box of the original page finds how it stands."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from checks.loading import load
from checks.outcome import ProcedureStep, RunRecord, Verdict
from checks.rollback.criteria import unknown
from reports import html, markdown, wording
from reports.anchors import Anchors
from reports.escaping import plain
from reports.outline import name_rows
from tests.checks.reference.conftest import CHECKLIST, Healthy
from tests.reports.html_page import read_page
from tests.reports.parsed import parse


@dataclass(frozen=True)
class Box:
    """A line of the page, what covers it, and how that stands."""

    words: str
    row: tuple[str, str]
    standing: str


@pytest.fixture(scope="module")
def whole(healthy: Healthy) -> RunRecord:
    """The real run, with the checklist's criteria and steps, which a run of some stages leaves out."""
    rollback = load(CHECKLIST, profile="reference", environ={}).checklist.rollback
    steps = tuple(
        ProcedureStep(id=each.id, title=each.title, covers=each.covers, state="ready", dry_run=())
        for each in rollback.procedure
    )
    criteria = tuple(unknown(each, "not asked") for each in rollback.criteria)
    return healthy.record.model_copy(update={"criteria": criteria, "procedure": steps})


def boxes_of(record: RunRecord) -> dict[str, list[Box]]:
    """Every box of the page by its words."""
    covering = [(("check", each.id), each.covers, wording.standing(each)) for each in record.checks]
    covering += [(("criterion", each.id), each.covers, wording.criterion(each)) for each in record.criteria]
    covering += [(("step", each.id), each.covers, wording.STEP_SYMBOLS[each.state]) for each in record.procedure]
    covering += [(("role", each.role), each.covers, wording.role("awaiting")) for each in record.approvals]
    found: dict[str, list[Box]] = {}
    for row, covers, standing in covering:
        for line in covers:
            found.setdefault(plain(line.text), []).append(Box(plain(line.text), row, standing))
    assert sum(map(len, found.values())) > 150
    return found


def test_a_healthy_reference_is_a_go_whose_scope_is_partial(healthy: Healthy) -> None:
    record = healthy.record
    assert record.verdict is Verdict.GO, record.reasons
    assert record.scope == "partial"
    assert record.target.version == "v3.3.20"
    assert record.target.synthetic == "all"
    assert (healthy.folder / "verdict.json").is_file()
    assert {event.name for event in healthy.seen} >= {"preparing", "run_started", "check_finished", "stage_finished"}


def test_one_search_in_the_markdown_finds_the_boxs_row_with_its_status(whole: RunRecord) -> None:
    parsed = parse(markdown.render(whole))
    tables = {("Status", "Check"): 0, ("State", "Criterion"): 0, ("State", "Role"): 0, ("#", "Step"): 2}
    rows = [
        (row, row[standing].text)
        for header, standing in tables.items()
        for table in parsed.tables_with(*header)
        for row in table.rows[1:]
    ]
    (index,) = parsed.tables_with("Line", "Text")
    for words, boxes in boxes_of(whole).items():
        hits = [(row[1].codes, standing) for row, standing in rows if f"“{words}”" in row[1].text]
        assert len(hits) == len({box.row for box in boxes}), words
        for box in boxes:
            assert any(box.row[1] in codes and standing == box.standing for codes, standing in hits), box
            assert any([cell.text for cell in row[1:]] == [words, box.row[1], box.standing] for row in index.rows), box


def test_one_search_in_the_page_finds_the_boxs_row_with_its_status(whole: RunRecord) -> None:
    page = read_page(html.render(whole))
    places = {
        each.attributes["id"]: each.text
        for each in page.elements
        if each.tag in {"li", "tr"} and each.attributes.get("id")
    }
    anchors = Anchors()
    name_rows(whole, anchors)
    for words, boxes in boxes_of(whole).items():
        hits = {place: text for place, text in places.items() if f"“{words}”" in text}
        assert hits.keys() == {anchors.row(*box.row) for box in boxes}, words
        for box in boxes:
            assert box.standing in hits[anchors.row(*box.row)], box
