from __future__ import annotations

from pathlib import Path

from tests.signoff.conftest import Command


def test_kinds_are_listed_each_with_a_line(signoff: Command) -> None:
    said = signoff("kinds")
    assert (said.code, said.err) == (0, "")
    listed = dict(line.split(maxsplit=1) for line in said.out.splitlines())
    assert listed["http"] == "Send one request and observe the answer."


def test_one_kind_in_full(signoff: Command) -> None:
    said = signoff("kinds", "metric")
    assert said.code == 0
    for part in ("Fields:", "  measure: ", "Observes:", "  ci: ", "Every check has:", "  needs: "):
        assert part in said.out


def test_a_kind_of_a_plug_in(signoff: Command, plugin: Path) -> None:
    assert "Waits until it is told to stop" in signoff("kinds", "hanging").out


def test_a_plug_in_that_is_broken_is_named(signoff: Command, plugin: Path) -> None:
    said = signoff("kinds", "missing-module")
    assert said.code == 2
    assert "cannot be loaded" in said.err


def test_an_unknown_kind(signoff: Command) -> None:
    said = signoff("kinds", "htpt")
    assert (said.code, said.out) == (2, "")
    assert "htpt" in said.err
    assert "Traceback" not in said.err
