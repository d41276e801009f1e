from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from checks.errors import ConfigurationError
from checks.linting import lint_checklist
from checks.loading import load
from tests.checks.running import checklist, conducted, stage, told, write

pytestmark = pytest.mark.usefixtures("plugin")


def part(path: Path, content: dict[str, Any]) -> None:
    """Write an included file."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=1))


CRITERION = {"id": "c", "title": "C", "any_fails": ["b"]}


def test_stages_criteria_approvals_and_waivers_come_after_ones_own(tmp_path: Path) -> None:
    part(tmp_path / "parts" / "one.yaml", {"stages": [stage(told("b"), id_="second")], "include": ["two.yaml"]})
    part(tmp_path / "parts" / "two.yaml", {"rollback": {"criteria": [CRITERION]}, "approvals": [{"role": "lead"}]})
    part(tmp_path / "three.yaml", {"stages": [stage(told("d"), id_="third")]})
    path = write(tmp_path, checklist(stage(told("a")), include=["parts/one.yaml", "three.yaml"]))
    loaded = load(path, environ={})
    assert [entry.id for entry in loaded.entries] == ["a", "b", "d"]
    assert [each.id for each in loaded.checklist.stages] == ["first", "second", "third"]
    assert [each.id for each in loaded.checklist.rollback.criteria] == ["c"]
    assert [each.role for each in loaded.checklist.approvals] == ["lead"]
    assert lint_checklist(path, None, {}) == ([], [])


def test_the_copy_in_the_runs_folder_is_whole_and_of_its_own(tmp_path: Path) -> None:
    part(tmp_path / "one.yaml", {"stages": [stage(told("b"), id_="second")]})
    path = write(tmp_path, checklist(stage(told("a")), include=["one.yaml"]))
    run = conducted(path)
    assert run.statuses == {"a": "pass", "b": "pass"}
    copied = load(run.folder.path / "checklist.yaml", environ={})
    assert [entry.id for entry in copied.entries] == ["a", "b"]
    assert copied.sha256 == run.record.checklist.sha256
    part(tmp_path / "one.yaml", {"stages": [stage(told("b", note="changed"), id_="second")]})
    assert load(path, environ={}).sha256 != copied.sha256


def test_errors_name_the_file_that_they_are_in(tmp_path: Path) -> None:
    part(tmp_path / "one.yaml", {"stages": [stage(told("b", noet="x", needs=["c"]), id_="second")]})
    path = write(tmp_path, checklist(stage(told("a", kidn="x")), include=["one.yaml"]))
    errors, _ = lint_checklist(path, None, {})
    assert [(Path(each.file).name, each.line) for each in errors] == [
        ("checklist.yaml", 18),
        ("one.yaml", 13),
        ("one.yaml", 14),
    ]
    assert "unknown key 'noet'" in errors[1].message


def test_an_id_that_two_files_use_is_an_error_in_the_second(tmp_path: Path) -> None:
    part(tmp_path / "one.yaml", {"stages": [stage(told("a"), id_="second")]})
    errors, _ = lint_checklist(write(tmp_path, checklist(stage(told("a")), include=["one.yaml"])), None, {})
    assert [(Path(each.file).name, each.message) for each in errors] == [("one.yaml", "the id 'a' is used twice")]


def chain(folder: Path) -> None:
    """Files that include each other deeper than anyone should."""
    for number in range(12):
        part(folder / f"{number}.yaml", {"include": [f"{number + 1}.yaml"]})


def many(folder: Path) -> None:
    """One file that includes sixty."""
    for number in range(60):
        part(folder / f"{number}.yaml", {})
    part(folder / "0.yaml", {"include": [f"{number}.yaml" for number in range(1, 60)]})


def large(folder: Path) -> None:
    """A file that is too large."""
    (folder / "0.yaml").write_text("#" * ((1 << 20) + 1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: None, "0.yaml: cannot read the file: No such file or directory; name another"),
        (lambda folder: (folder / "0.yaml").write_text("a: *b\n"), "0.yaml:1:4: the alias *b"),
        (lambda folder: part(folder / "0.yaml", {"include": ["checklist.yaml"]}), "include goes round in a circle"),
        (lambda folder: part(folder / "0.yaml", {"include": ["0.yaml"]}), "include goes round in a circle"),
        (lambda folder: part(folder / "0.yaml", {"include": "1.yaml"}), "include: a list of files is needed"),
        (lambda folder: part(folder / "0.yaml", {"stagse": []}), "has no 'stagse'; did you mean 'stages'?"),
        (lambda folder: part(folder / "0.yaml", {"release": {}}), "an included file has no 'release'"),
        (lambda folder: part(folder / "0.yaml", {"stages": {}}), "stages: a list is needed in every file"),
        (lambda folder: (folder / "0.yaml").write_text("- a\n"), "an included file is a mapping of stages,"),
        (chain, "files include each other deeper than 8 levels"),
        (many, "more than 50 files are included"),
        (large, "0.yaml: larger than 1 MiB; split it"),
    ],
)
def test_what_cannot_be_included_is_named_with_its_place(tmp_path: Path, make: Any, message: str) -> None:
    make(tmp_path)
    path = write(tmp_path, checklist(stage(told("a")), include=["0.yaml"]))
    with pytest.raises(ConfigurationError) as refused:
        load(path, environ={})
    assert message in str(refused.value)
    assert str(tmp_path) in str(refused.value)
