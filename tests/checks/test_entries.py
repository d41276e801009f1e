from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checks.errors import ConfigurationError
from checks.linting import problems_of
from checks.loading import load
from tests.checks.running import checklist, stage, told, write

pytestmark = pytest.mark.usefixtures("plugin")


def problems(tmp_path: Path, *checks: Any) -> list[str]:
    return [each.message for each in problems_of(load(write(tmp_path, checklist(stage(*checks))), environ={}))]


@pytest.mark.parametrize("each", [[], {}, "a", [1], [{"name": "no id"}], None])
def test_rows_are_mappings_with_an_id(tmp_path: Path, each: object) -> None:
    found = problems(tmp_path, told("a", each=each), told("b"))
    assert found == ["each: a list of mappings is needed, each with an id"]


def test_rows_of_one_id_are_named(tmp_path: Path) -> None:
    assert problems(tmp_path, told("a", each=[{"id": "x"}, {"id": "x"}])) == ["the id 'a[x]' is used twice"]


def test_an_id_has_a_form(tmp_path: Path) -> None:
    assert "String should match pattern" in problems(tmp_path, told("Not This"))[0]


@pytest.mark.parametrize(
    "at_least", [{"count": 1, "of": 5}, {"count": 1, "of": "ab"}, {"count": 1, "of": [5]}, {"count": 1}, 5]
)
def test_a_quorum_of_nothing_is_refused(tmp_path: Path, at_least: object) -> None:
    rollup = {"id": "r", "title": "R", "kind": "rollup", "at_least": at_least}
    assert problems(tmp_path, told("a"), rollup)


def test_a_check_without_id_is_refused_with_its_place(tmp_path: Path) -> None:
    path = write(tmp_path, checklist(stage({"title": "A", "kind": "told"})))
    (problem,) = problems_of(load(path, environ={}))
    assert problem.message == "'id' is missing"
    assert problem.line is not None


def test_every_part_of_a_rollup_counts(tmp_path: Path) -> None:
    rollup = {
        "id": "r",
        "title": "R",
        "kind": "rollup",
        "all_of": ["a"],
        "any_of": ["b"],
        "at_least": {"count": 1, "of": ["c"]},
    }
    path = write(tmp_path, checklist(stage(told("a"), told("b"), told("c"), rollup)))
    assert load(path, environ={}).entries[-1].header.parts == ("a", "b", "c")


def test_checks_that_are_no_list_are_one_mistake(tmp_path: Path) -> None:
    broken = {**stage(), "checks": "all"}
    with pytest.raises(ConfigurationError, match="a check is a mapping"):
        raise ConfigurationError(problems_of(load(write(tmp_path, checklist(broken)), environ={})))
