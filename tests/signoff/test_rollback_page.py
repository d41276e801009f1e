"""docs/rollback.md: its commands run, and its number is the rule's."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from checks.markdown import read_markdown
from checks.rollback.decision import EVIDENCE
from checks.rollback.records import RESUMABLE
from checks.rollback.restoring import MARGIN_BYTES
from checks.rollback.steps import DOES, RollbackStep
from tests.signoff.conftest import Command

PAGE = read_markdown(Path(__file__).parents[2] / "docs" / "rollback.md")


def test_every_command_that_is_marked_to_be_run_runs(signoff: Command) -> None:
    lines = [line for block in PAGE.blocks if "run" in block.info for line in block.content.splitlines()]
    assert lines
    for line in lines:
        name, *arguments = line.split()
        assert name == "signoff"
        assert signoff(*arguments).code == 0, line


def test_the_rules_are_exported_by_the_pages_commands(signoff: Command) -> None:
    """Of the checklist that ships, to what the page sends to files."""
    lines = [line for block in PAGE.blocks if block.info == ("sh",) for line in block.content.splitlines()]
    exports = [line.partition(" > ")[0].split() for line in lines if line.startswith("signoff export")]
    assert len(exports) == 2
    for _, *arguments in exports:
        said = signoff(*arguments)
        assert (said.code, bool(yaml.safe_load(said.out))) == (0, True), arguments


def test_the_page_says_what_the_rule_asks_for() -> None:
    assert f"≥ {EVIDENCE:g} nats" in PAGE.text


def test_the_table_of_a_step_s_fields_is_the_code_s() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", PAGE.text.partition("## Going back")[2], re.MULTILINE)
    assert tuple(rows) == DOES
    timeout = RollbackStep.model_fields["timeout"].default
    assert f"`timeout` ({timeout:g} s unless given)" in PAGE.text
    assert f"{MARGIN_BYTES >> 20} MiB of room beyond what is restored" in PAGE.text
    assert f"more than {RESUMABLE.total_seconds() / 3600:g} hours ago" in PAGE.text


def test_the_table_of_exit_codes_is_the_help_s(signoff: Command) -> None:
    said = " ".join(signoff("rollback", "execute", "--help").out.split())
    codes = re.findall(r"^\| (\d+) \|", PAGE.text.partition("## Going back")[2].partition("## ")[0], re.MULTILINE)
    assert codes == ["0", "2", "3", "11"]
    for code in codes:
        assert re.search(rf"(Exit codes:|;) {code} ", said), code
