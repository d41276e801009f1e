"""The page's order holds, with criteria, procedure, stories and signatures in their places."""

from __future__ import annotations

from checks.outcome import RunRecord, StageRecord, Status
from reports.sections import sections_of
from tests.reports import records


def titles(record: RunRecord) -> list[str]:
    """Every section's title."""
    return [section.title for section in sections_of(record)]


def stage(stage_id: str, section: str, title: str = "Title", after: str | None = None) -> StageRecord:
    """A stage without a say."""
    return StageRecord(id=stage_id, title=title, section=section, verdict=None, after=after)


def bare(check_id: str, in_stage: str, line: int | None = None) -> RunRecord:
    """A record of one check."""
    covers = records.covered(line, "text") if line else ()
    return records.record((records.result(check_id, Status.PASS, stage=in_stage, covers=covers),))


def test_stages_of_one_section_stand_together() -> None:
    stages = (stage("a", "One"), stage("b", "Two"), stage("c", "ONE"))
    sections = sections_of(bare("x", "a").model_copy(update={"stages": stages}))
    assert sections[0].title == "One"
    assert [part.stage.id for part in sections[0].parts if part.stage] == ["a", "c"]


def test_without_lines_criteria_and_signatures_stand_before_what_follows_the_approval() -> None:
    record = bare("x", "a").model_copy(
        update={
            "stages": (stage("a", "One"), stage("z", "Next Steps", after="approval")),
            "criteria": (),
            "procedure": (),
            "approvals": (),
        }
    )
    assert titles(record) == ["One", "Rollback Criteria", "Rollback Procedure", "Sign-Off", "Next Steps"]


def test_lines_decide_where_they_stand() -> None:
    first, last = bare("x", "a", 10).checks[0], bare("y", "b", 420).checks[0]
    record = records.record((first, last), stages=(stage("a", "One"), stage("b", "Two")))
    assert titles(record) == ["One", "Rollback Criteria", "Rollback Procedure", "Two", "Sign-Off"]


def test_a_section_that_the_checklist_has_takes_them_in() -> None:
    record = bare("x", "a").model_copy(
        update={"stages": (stage("a", "Rollback procedure", "Backups verify"), stage("b", "Sign-off", "Roles"))}
    )
    sections = {section.title: [part.kind for part in section.parts] for section in sections_of(record)}
    assert sections["Rollback procedure"] == ["procedure", "stage"]
    assert sections["Sign-off"] == ["stage", "lead", "approvals"]


def test_stories_stand_under_the_heading_that_the_page_has() -> None:
    story = records.result("story[1]", Status.PASS, stage="a")
    stages = (stage("a", "One"), stage("b", "Completion", "Story Completion Summary"), stage("c", "Completion", "More"))
    sections = sections_of(records.record((story,), stages=stages))
    assert [part.kind for part in sections[1].parts] == ["stage", "stories", "stage"]


def test_stories_without_a_place_have_a_section_of_their_own() -> None:
    story = records.result("stories[1]", Status.PASS, stage="a")
    record = records.record((story,), stages=(stage("a", "One"),), criteria=(), procedure=(), approvals=())
    assert titles(record)[:2] == ["One", "Story Completion Summary"]


def test_a_check_of_an_unknown_stage_is_not_left_out() -> None:
    sections = sections_of(bare("x", "lost").model_copy(update={"stages": ()}))
    others = next(section for section in sections if section.title == "Other checks")
    assert [result.id for part in others.parts for result in part.results] == ["x"]
