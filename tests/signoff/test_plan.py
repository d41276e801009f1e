from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.running import checklist, stage, told, write
from tests.signoff.conftest import Command

pytestmark = pytest.mark.usefixtures("plugin")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    checks = (
        told("a", None, title="At least ${least}", expect={"value": {"at_least": "${least}"}}, tags=["quick"]),
        told("b", needs=["a"], note="${env:NONE}"),
        {"id": "none", "title": "Tray icon", "not_applicable": "a server has no tray"},
    )
    later = stage(told("c"), id_="later", after="approval")
    profiles = {"one": {"least": 1}, "two": {"least": 2}}
    return write(tmp_path, checklist(stage(*checks), later, profiles=profiles, default_profile="one"))


def test_the_whole_as_a_tree(signoff: Command, path: Path) -> None:
    said = signoff("plan", path)
    assert (said.code, said.err) == (0, "")
    for line in (
        "Thing v1.0.0",
        "first: Stage first",
        "a [told] At least ${least} → value at least 1",
        "b [told] It is b",
        "none [not applicable] Tray icon",
        "later: Stage later (after approval)",
    ):
        assert line in said.out


def test_a_selection_with_what_it_needs_under_a_profile(signoff: Command, path: Path) -> None:
    said = signoff("plan", path, "--profile", "two", "--check", "b")
    assert "value at least 2" in said.out
    assert "b [told]" in said.out
    assert "c [told]" not in said.out
    assert "b [told]" not in signoff("plan", path, "--tag", "quick").out
    assert "c [told]" in signoff("plan", path, "--stage", "later").out


def test_nothing_is_run_and_no_folder_is_made(signoff: Command, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    assert signoff("plan").code == 0
    assert [each.name for each in path.parent.iterdir()] == ["checklist.yaml"]


@pytest.mark.parametrize("options", [("--stage", "nowhere"), ("--profile", "nowhere")])
def test_a_mistake(signoff: Command, path: Path, options: tuple[str, str]) -> None:
    said = signoff("plan", path, *options)
    assert (said.code, said.out) == (2, "")
    assert "nowhere" in said.err


def test_a_broken_checklist(signoff: Command, tmp_path: Path) -> None:
    said = signoff("plan", write(tmp_path, checklist(stage({**told("a"), "kind": "tolt"}))))
    assert said.code == 2
    assert "did you mean 'told'?" in said.err
