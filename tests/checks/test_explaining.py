from __future__ import annotations

from pathlib import Path

import pytest

from checks.errors import ConfigurationError
from checks.explaining import MAX_NAMES, problem_at, suggestion
from checks.linting import problems_of
from checks.loading import load
from checks.yaml_reader import read_yaml
from tests.checks.running import checklist, stage, write


def test_many_names_are_not_all_listed() -> None:
    text = suggestion("zzz", [f"name-{number:02}" for number in range(MAX_NAMES + 5)])
    assert text.startswith("; allowed: name-00, name-01")
    assert text.endswith(" and 5 more")
    assert suggestion("zzz", []) == ""


def test_a_problem_stands_at_the_deepest_part_that_is_there() -> None:
    document = read_yaml("a:\n  b: 1\n", "file")
    assert str(problem_at(document, ("a", "b"), "wrong")) == "file:2:6: wrong"
    assert str(problem_at(document, ("a", "gone", 3), "wrong")) == "file:2:3: wrong"
    assert str(problem_at(document, (), "wrong")) == "file:1:1: wrong"


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"approvals": [{"role": "qa", "titel": "x"}]}, "unknown key 'titel'; did you mean 'title'?"),
        (
            {"rollback": {"criteria": [{"id": "c", "title": "C", "any_fails": [], "fro": "5m"}]}},
            "unknown key 'fro'; did you mean 'for'?",
        ),
        ({"target": {"logs": {"path": []}}}, "unknown key 'path'; did you mean 'paths'?"),
        ({"rollback": {"procedure": [{"id": "p", "title": "P", "restore": {"newst": "x"}}]}}, "did you mean 'newest'?"),
        ({"profiles": {"a": {"b": {"c": 1}}}}, "Input should be a valid string"),
        ({"release": {"name": "x" * 200}}, "'version' is missing"),
        ({"default_profile": 5}, "profile 5 is not in the checklist"),
        ({"version": "v" * 200, "stages": "x" * 200}, "; given 'xxx"),
    ],
)
def test_mistakes_deep_inside_are_explained(tmp_path: Path, sections: dict[str, object], message: str) -> None:
    path = write(tmp_path, {**checklist(stage()), **sections})
    try:
        found = "\n".join(str(problem) for problem in problems_of(load(path, environ={})))
    except ConfigurationError as refused:
        found = str(refused)
    assert message in found
    assert all(len(line) < 600 for line in found.splitlines())
