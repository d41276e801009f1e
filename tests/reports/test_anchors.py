"""Places of a report have names of their own, and headings the names that GitHub gives them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.anchors import Anchors
from tests.reports.hostile import texts


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Pre-Deployment Validation", "pre-deployment-validation"),
        ("Step 1: Pre-Deployment Backup", "step-1-pre-deployment-backup"),
        ("🔴 NO-GO: Image proxy v3.3.20", "-no-go-image-proxy-v3320"),
        ("snake_case & more", "snake_case--more"),
    ],
)
def test_a_heading_has_the_name_that_github_gives_it(title: str, name: str) -> None:
    assert Anchors().heading(title) == name


def test_repeated_headings_are_numbered() -> None:
    anchors = Anchors()
    assert [anchors.heading(title) for title in ("A", "A 1", "a", "A")] == ["a", "a-1", "a-2", "a-3"]


def test_a_row_is_named_for_what_it_is_about() -> None:
    anchors = Anchors()
    anchors.heading("Check unit-tests")
    anchors.name_rows("check", ["unit-tests", "story[007-01]", "unit-tests"])
    assert anchors.row("check", "unit-tests") == "check-unit-tests-1"
    assert anchors.row("check", "story[007-01]") == "check-story-007-01"
    assert anchors.row("criterion", "unit-tests") is None


@given(st.lists(texts(), max_size=8, unique=True), st.lists(texts(), max_size=8, unique=True))
def test_no_two_places_share_a_name(titles: list[str], ids: list[str]) -> None:
    anchors = Anchors()
    names = [anchors.heading(title) for title in titles]
    anchors.name_rows("check", ids)
    names += [name for each in ids if (name := anchors.row("check", each))]
    assert len(names) == len(titles) + len(ids)
    assert len(set(names)) == len(names)
