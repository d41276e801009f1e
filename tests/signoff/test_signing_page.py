"""docs/signing.md: its checklists are understood, its options exist, and the gate's exit codes are those listed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from checks.approval import Approval, Requirement
from checks.markdown import read_markdown
from checks.signing.gate import Decided
from checks.signing.statement import APPROVAL_NAMESPACE, LONGEST_OVERRIDE, OVERRIDE_NAMESPACE
from signoff.exit_code import ExitCode
from tests.signoff.conftest import Command

PAGE = read_markdown(Path(__file__).parents[2] / "docs" / "signing.md")
COMMANDS = [
    line for block in PAGE.blocks for line in block.content.splitlines() if line.startswith("signoff ")
] + re.findall(r"`(signoff [a-z]+ [^`]+)`", PAGE.text)


def test_the_checklists_of_the_page_are_understood() -> None:
    given: dict[str, Any] = {}
    for block in PAGE.blocks:
        if block.info[:1] == ("yaml",):
            given |= yaml.safe_load(block.content)
    roles = [Approval.model_validate(each) for each in given["approvals"]]
    environments = [Requirement.model_validate(each) for each in given["require"]]
    assert (len(roles), len(environments)) == (3, 1)
    keys = set(Approval.model_fields) - {"role", "title", "covers"}
    assert keys == set(re.findall(r"(?m)^\| `([a-z_]+)` \|", PAGE.text))


@pytest.mark.parametrize("line", COMMANDS)
def test_every_option_of_the_page_exists(signoff: Command, line: str) -> None:
    _, command, *arguments = line.split()
    said = signoff(command, "--help")
    assert said.code == 0
    assert {each for each in arguments if each.startswith("--")} <= set(re.findall(r"--[a-z-]+", said.out))


def test_the_page_names_every_decision_with_its_code_and_our_namespaces() -> None:
    rows = dict(re.findall(r"(?m)^\| (\d) \| ([A-Z-]+) \|", PAGE.text))
    assert rows == {
        str(int(code)): decided.value
        for code, decided in (
            (ExitCode.GO, Decided.GO),
            (ExitCode.NO_GO, Decided.NO_GO),
            (ExitCode.HOLD, Decided.HOLD),
            (ExitCode.OVERRIDDEN, Decided.OVERRIDDEN),
        )
    }
    assert f"ours are `{APPROVAL_NAMESPACE}` and `{OVERRIDE_NAMESPACE}`" in PAGE.text
    assert LONGEST_OVERRIDE.days == 7
    assert "at most seven days away" in PAGE.text
