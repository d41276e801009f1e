from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checks.dependencies import dependencies_of
from checks.errors import ConfigurationError
from checks.loading import Loaded, load
from checks.planning import select, structure_problems
from tests.checks.running import checklist, stage, told, write


def loaded(tmp_path: Path, *stages: dict[str, Any], **sections: Any) -> Loaded:
    return load(write(tmp_path, checklist(*stages, **sections)), environ={})


def messages(found: Loaded) -> list[str]:
    return [problem.message for problem in structure_problems(found)]


def rollup(id_: str, **parts: Any) -> dict[str, Any]:
    return {"id": id_, "title": id_, "kind": "rollup", **parts}


def test_without_a_selection_all_is_run(tmp_path: Path) -> None:
    assert select(loaded(tmp_path, stage(told("a"), told("b")))) == {"a", "b"}


def test_a_selection_takes_all_that_it_needs(tmp_path: Path) -> None:
    rows = told("row", each=[{"id": "x"}, {"id": "y"}])
    found = loaded(
        tmp_path,
        stage(told("a"), told("b", needs=["a"]), rows, told("alone")),
        stage(rollup("sum", all_of=["row"], any_of=["b"]), told("c", tags=["quick"]), id_="second"),
    )
    assert select(found, checks=["sum"]) == {"sum", "row[x]", "row[y]", "b", "a"}
    assert select(found, stages=["second"]) == {"sum", "c", "row[x]", "row[y]", "b", "a"}
    assert select(found, tags=["quick"]) == {"c"}
    assert select(found, checks=["row[y]"]) == {"row[y]"}
    assert select(found, checks=["row"], tags=["quick"]) == {"row[x]", "row[y]", "c"}


def test_a_selection_of_nothing_that_exists_is_refused_all_at_once(tmp_path: Path) -> None:
    found = loaded(tmp_path, stage(told("alpha", tags=["smoke"])))
    with pytest.raises(ConfigurationError) as raised:
        select(found, stages=["frist"], tags=["smoek"], checks=["alpah", "alpha"])
    assert [problem.message for problem in raised.value.problems] == [
        "--stage frist: no such thing; did you mean 'first'?",
        "--tag smoek: no such thing; did you mean 'smoke'?",
        "--check alpah: no such thing; did you mean 'alpha'?",
    ]


def test_needs_and_parts_must_exist(tmp_path: Path) -> None:
    found = loaded(tmp_path, stage(told("a", needs=["aa"]), rollup("r", all_of=["a", "zz"])))
    assert messages(found) == [
        "a: needs names 'aa', which is no check; did you mean 'a'?",
        "r: rollup names 'zz', which is no check; allowed: a, r",
    ]


def test_a_need_of_a_later_stage_is_refused(tmp_path: Path) -> None:
    found = loaded(tmp_path, stage(told("a", needs=["b"])), stage(told("b"), id_="second"))
    assert messages(found) == ["a: needs names 'b' of a later stage; move one of them"]


@pytest.mark.parametrize(
    "checks",
    [
        [told("a", needs=["a"])],
        [told("a", needs=["b"]), told("b", needs=["a"])],
        [rollup("a", all_of=["b"]), told("b", needs=["a"])],
        [rollup("a", at_least={"count": 1, "of": ["a"]})],
    ],
)
def test_a_circle_is_refused(tmp_path: Path, checks: list[dict[str, Any]]) -> None:
    (message,) = messages(loaded(tmp_path, stage(*checks)))
    assert message.startswith("needs go round in a circle: a")


def test_criteria_and_waivers_name_checks(tmp_path: Path) -> None:
    waiver = {"id": "w", "check": "b", "reason": "a reason of some length", "owner": "o", "approver": "p"}
    dates = {"created": "2026-01-01", "expires": "2026-02-01", "release": "v1"}
    found = loaded(
        tmp_path,
        stage(told("a")),
        rollback={"criteria": [{"id": "c", "title": "C", "any_fails": ["a", "aaa"]}]},
        waivers=[{**waiver, **dates}],
    )
    assert messages(found) == [
        "criterion c: 'aaa' is no check; allowed: a",
        "waiver w: 'b' is no check; allowed: a",
    ]


def test_what_an_entry_wants(tmp_path: Path) -> None:
    found = loaded(tmp_path, stage(told("a"), told("b", needs=["a"])))
    assert dependencies_of(found.entries).wanted_by("b") == ("a",)
