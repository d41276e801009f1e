"""docs/rollback.md: its commands run, and its number is the rule's."""

from __future__ import annotations

from pathlib import Path

from checks.markdown import read_markdown
from checks.rollback.decision import EVIDENCE
from tests.signoff.conftest import Command

PAGE = read_markdown(Path(__file__).parents[2] / "docs" / "rollback.md")


def test_every_command_that_is_marked_to_be_run_runs(signoff: Command) -> None:
    lines = [line for block in PAGE.blocks if "run" in block.info for line in block.content.splitlines()]
    assert lines
    for line in lines:
        name, *arguments = line.split()
        assert name == "signoff"
        assert signoff(*arguments).code == 0, line


def test_the_page_says_what_the_rule_asks_for() -> None:
    assert f"≥ {EVIDENCE:g} nats" in PAGE.text
