from __future__ import annotations

import json
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
    later = stage(told("c"), told("d", after={"check": "a", "wait": "24h"}), id_="later", after="approval")
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
        "due after the check a and 1 d",
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


@pytest.fixture
def costly(tmp_path: Path) -> Path:
    """A checklist with checks that cost, and a profile that does not let all of them run."""
    drawn = {"kind": "http", "url": "http://127.0.0.1:9/v1/images/generations", "json": {}, "expect": {"status": 200}}
    checks = (
        {
            "id": "drawn",
            "title": "Drawn",
            **drawn,
            "effect": "paid",
            "retry": {"times": 2, "every": "5s"},
            "timeout": "10s",
        },
        {"id": "more", "title": "More", **drawn, "effect": "paid", "needs": ["drawn"], "todo": "find a cheaper way"},
        told("watched", repeat={"every": "5m", "for": "1h"}, timeout="30s"),
        told("kept", effect="write"),
    )
    profiles = {"one": {"allow": {"effects": ["read", "paid"], "paid_requests": 3}}}
    return write(tmp_path, checklist(stage(*checks), profiles=profiles, default_profile="one"))


def test_what_each_check_does_and_costs(signoff: Command, costly: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    out = signoff("plan", costly).out
    for line in (
        "paid, at most 3 request(s), at most 40 s",
        "needs drawn",
        "refused: it makes up to 1 paid requests; 0 of the profile's 3 are left",
        "refused: its effect is write, and the profile allows read, paid",
        "to do: find a cheaper way",
        "4 checks; at most 3 paid requests and 3 in all; the longest may take 1.0 h; 2 refused by the profile",
    ):
        assert line in out


def test_the_same_as_json(signoff: Command, costly: Path) -> None:
    said = signoff("plan", costly, "--json")
    assert (said.code, said.err) == (0, "")
    told_ = json.loads(said.out)
    assert (told_["schema_version"], told_["profile"], told_["release"]["name"]) == (1, "one", "Thing")
    by_id = {each["id"]: each for each in told_["checks"]}
    assert (by_id["drawn"]["paid_requests"], by_id["drawn"]["longest_s"], by_id["drawn"]["refused"]) == (3, 40.0, None)
    assert (by_id["watched"]["effect"], by_id["watched"]["longest_s"]) == ("read", 3630.0)
    assert by_id["more"]["needs"] == ["drawn"]
    assert told_["total"] == {
        "checks": 4,
        "effects": {"read": 1, "traffic": 0, "paid": 2, "write": 1},
        "requests": 3,
        "paid_requests": 3,
        "longest_check_s": 3630.0,
        "refused": 2,
        "untold": 0,
    }
