"""The rollback runbook has a section for each criterion and each step that the checklists point to, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checks.loading import load
from checks.rollback.rounds import BUILT_IN
from tests.runbooks.documents import ROOT, sections

pytestmark = pytest.mark.story("007-05")

CHECKLIST = ROOT / "checklist.yaml"
NOT_OF_CRITERIA = {"How the decision is made", "Warnings", "Procedure"}


def anchors(path: Path) -> set[str]:
    criteria = load(path, environ={}, settings={"target.data_dir": "home"}).checklist.rollback.criteria
    return {(criterion.runbook or "").partition("#")[2] for criterion in criteria}


def anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def of_criteria() -> dict[str, str]:
    """The sections of the criteria, by anchor."""
    whole = (ROOT / "runbooks" / "rollback.md").read_text().split("\n## ")[1:]
    found = {part.partition("\n")[0]: part for part in whole}
    own = {name: text for name, text in found.items() if name not in NOT_OF_CRITERIA}
    return {anchor(name): text for name, text in {**own, **sections("rollback", 3, "Warnings")}.items()}


@pytest.mark.parametrize("path", [CHECKLIST, BUILT_IN], ids=["checklist", "built-in"])
def test_each_criterion_points_to_a_section_of_its_own(path: Path) -> None:
    criteria = load(path, environ={}, settings={"target.data_dir": "home"}).checklist.rollback.criteria
    pointed = [criterion.runbook for criterion in criteria]
    assert len(set(pointed)) == len(pointed)
    assert anchors(path) <= of_criteria().keys()


def test_there_is_no_section_of_a_criterion_that_is_not_there() -> None:
    assert of_criteria().keys() == anchors(CHECKLIST) == anchors(BUILT_IN)


def test_each_section_has_meaning_confirmation_and_what_to_do_and_not() -> None:
    for name, text in of_criteria().items():
        parts = re.findall(r"^\*\*(Criterion|Meaning|Confirm|Do not|Do)\b", text, re.MULTILINE)
        assert parts == ["Criterion", "Meaning", "Confirm", "Do", "Do not"], name


def test_each_step_points_to_its_section() -> None:
    steps = load(CHECKLIST, environ={}).checklist.rollback.procedure
    headings = [anchor(name) for name in sections("rollback", 3, "Procedure") if name.startswith("Step ")]
    assert [(step.runbook or "").partition("#")[2] for step in steps] == headings
