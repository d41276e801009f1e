from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checks.binding import bind
from checks.linting import problems_of
from checks.loading import load
from tests.checks.running import checklist, stage, told, write

pytestmark = pytest.mark.usefixtures("plugin")


def problems(tmp_path: Path, check: dict[str, Any]) -> list[str]:
    return [each.message for each in problems_of(load(write(tmp_path, checklist(stage(check))), environ={}))]


def test_an_unknown_kind_with_nothing_near_lists_the_known(tmp_path: Path) -> None:
    (message,) = problems(tmp_path, {"id": "a", "title": "A", "kind": "qqq"})
    assert message.startswith("kind 'qqq' is unknown; allowed: advisories, ask, backup,")


@pytest.mark.parametrize("kind", [5, None, ["told"]])
def test_a_kind_is_a_name(tmp_path: Path, kind: object) -> None:
    assert problems(tmp_path, {"id": "a", "title": "A", "kind": kind})


def test_a_kind_that_cannot_be_loaded_names_its_plug_in(tmp_path: Path) -> None:
    (message,) = problems(tmp_path, {"id": "a", "title": "A", "kind": "missing-module"})
    assert "'missing-module' (tests.checks.no_such_module:Nothing) cannot be loaded" in message
    assert "reinstall or remove" in message


def test_an_entry_point_that_is_no_kind_is_refused(tmp_path: Path) -> None:
    (message,) = problems(tmp_path, {"id": "a", "title": "A", "kind": "no-check"})
    assert "is not a subclass" in message


def test_what_a_kind_does_not_observe_cannot_be_expected(tmp_path: Path) -> None:
    (message,) = problems(tmp_path, told("a", None, expect={"valu": 1}))
    assert message == "told does not observe 'valu'; did you mean 'value'?"
    (message,) = problems(tmp_path, told("a", None, expect={"value": 1}, prefer={"ratee": 1}))
    assert "'rate'" in message


def test_a_part_of_what_is_observed_can_be_expected(tmp_path: Path) -> None:
    assert problems(tmp_path, told("a", None, expect={"value.deep": 1, "value[0]": 2})) == []


@pytest.mark.parametrize("timeout", ["5", 5, 5.5, "5MB", "0s", "-5s", "1e999s", True, None])
def test_a_time_limit_is_a_span_above_zero(tmp_path: Path, timeout: object) -> None:
    (message,) = problems(tmp_path, told("a", timeout=timeout))
    assert message.startswith("timeout: ")


@pytest.mark.parametrize("repeat", [{"every": "0s", "for": "1s"}, {"every": "1s", "for": "0s"}, {"every": "1s"}])
def test_rounds_need_spans(tmp_path: Path, repeat: object) -> None:
    assert problems(tmp_path, told("a", repeat=repeat))


def test_a_comparison_across_dimensions_is_refused(tmp_path: Path) -> None:
    (message,) = problems(tmp_path, told("a", None, expect={"rate": {"at_least": "5s", "at_most": "10%"}}))
    assert "not comparable" in message


def test_a_secret_is_not_shown_in_a_mistake(tmp_path: Path) -> None:
    secret = "sk-" + "0123456789abcdef" * 8
    for fields in (
        {"timeout": "${env:TOKEN}"},
        {"retry": "${env:TOKEN}"},
        {"expect": {"rate": {"above": "${env:TOKEN}"}}},
    ):
        loaded = load(write(tmp_path, checklist(stage(told("a", **fields)))), environ={"TOKEN": secret})
        _, found = bind(loaded, loaded.entries[0], loaded.names)
        assert found
        assert not any(secret[:12] in str(problem) for problem in found), fields


def test_a_line_that_cannot_exist_needs_a_reason(tmp_path: Path) -> None:
    (message,) = problems(tmp_path, {"id": "a", "title": "A", "not_applicable": "no"})
    assert message.startswith("not_applicable: ")
