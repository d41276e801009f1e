from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.checks.running import checklist, stage, told, write
from tests.signoff.conftest import Command

pytestmark = pytest.mark.usefixtures("plugin")


def test_a_clean_checklist(signoff: Command, tmp_path: Path) -> None:
    path = write(tmp_path, checklist(stage(told("a", note="${env:NONE}"))))
    said = signoff("lint", path)
    assert (said.code, said.out, said.err) == (0, "", f"{path}: clean\n")


def test_all_mistakes_at_once(signoff: Command, tmp_path: Path) -> None:
    path = write(tmp_path, checklist(stage(told("a", kidn="x"), {**told("b"), "kind": "tolt"}), relaese=1))
    said = signoff("lint", path)
    assert (said.code, said.out) == (2, "")
    lines = said.err.splitlines()
    assert len(lines) == 4
    assert lines[-1] == "3 problem(s)"
    assert all(line.startswith(f"{path}:") for line in lines[:-1])
    for part in ("unknown key 'relaese'", "did you mean 'kind'?", "did you mean 'told'?"):
        assert part in said.err


def test_a_warning_alone_is_no_problem(signoff: Command, tmp_path: Path) -> None:
    path = write(tmp_path, checklist(stage(told("a", None, expect={"value": {"at_least": 0}}))))
    said = signoff("lint", path)
    assert said.code == 0
    assert "cannot fail (warning)" in said.err
    assert said.err.endswith(f"{path}: clean, 1 warning(s)\n")


def test_a_warning_is_a_problem_where_lint_is_strict(signoff: Command, tmp_path: Path) -> None:
    path = write(tmp_path, checklist(stage(told("a", None, expect={"value": {"at_least": 0}}))))
    said = signoff("lint", path, "--strict")
    assert said.code == 2
    assert said.err.endswith("1 warning(s), which --strict counts as problems\n")
    assert signoff("lint", write(tmp_path, checklist(stage(told("a")))), "--strict").code == 0


def test_json_holds_errors_and_warnings_with_their_places(signoff: Command, tmp_path: Path) -> None:
    weak = told("a", None, expect={"value": {"at_least": 0}})
    path = write(tmp_path, checklist(stage(weak, told("b", noet="x"))))
    said = signoff("lint", path, "--json")
    assert (said.code, said.err) == (2, "")
    found = json.loads(said.out)
    assert (found["schema_version"], found["file"], found["clean"]) == (1, str(path), False)
    assert [(each["line"], each["message"]) for each in found["warnings"]] == [(19, "a: value at least 0 cannot fail")]
    assert [set(each) for each in found["errors"]] == [{"file", "line", "column", "message"}]
    assert found["errors"][0]["message"] == "unknown key 'noet'; did you mean 'note'?"
    clean = signoff("lint", write(tmp_path, checklist(stage(told("a")))), "--json")
    assert (clean.code, json.loads(clean.out)["clean"]) == (0, True)


def test_a_page_that_is_not_covered(signoff: Command, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("- [ ] covered\n- [ ] forgotten\n")
    path = write(tmp_path, checklist(stage(told("a", covers={"line": 1, "text": "covered"}))))
    said = signoff("lint", path, "--covers", page)
    assert (said.code, said.err) == (2, f"{page}:2:1: nothing covers this line: forgotten\n1 problem(s)\n")


def test_a_missing_checklist(signoff: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = signoff("lint")
    assert (said.code, said.err) == (
        2,
        "checklist.yaml: cannot read the file: No such file or directory; name another\n",
    )
