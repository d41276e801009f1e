"""docs/signing.md: its checklists are understood, its commands run, and the gate's exit codes are those listed."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from checks.approval import Approval, Requirement
from checks.markdown import Block, read_markdown
from checks.signing.gate import Decided
from checks.signing.statement import APPROVAL_NAMESPACE, LONGEST_OVERRIDE, OVERRIDE_NAMESPACE
from signoff.exit_code import ExitCode
from tests.checks.running import checklist, stage, told, write
from tests.signoff.conftest import Command
from tests.signoff.signing import agent_with, gated, line, make_key

pytestmark = pytest.mark.usefixtures("plugin")

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


def test_every_command_of_the_page_does_what_it_says(
    signoff: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the page's order, by one person who has the page's key and an agent that has it too."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    key = make_key(home / ".ssh", "id_ed25519")
    (tmp_path / "allowed_signers").write_text(line(key, principal="alice@example.org") + "\n")
    lost = make_key(tmp_path, "lost").with_suffix(".pub")
    subprocess.run(["ssh-keygen", "-q", "-k", "-f", tmp_path / "revoked.krl", lost], check=True, timeout=20)
    given = {name: said for block in PAGE.blocks if block.info[:1] == ("yaml",) for name, said in _read(block).items()}
    terms = {**given, "profiles": {"staging": {"x": 1}, "production": {"x": 2}}}
    path = write(tmp_path, checklist(stage(told("unit-tests"), told("smoke-tests")), **terms))
    monkeypatch.chdir(tmp_path)
    for profile, folder in (("staging", "before"), ("production", "signoff-runs/RUN")):
        assert signoff("run", path, "--profile", profile, "--output", folder, "--quiet").code == 0
    codes = []
    with agent_with(key, tmp_path, monkeypatch):
        assert signoff("approve", "before", "--role", "qa-lead", "--key", key).code == 0
        assert signoff("bundle", "before", "--output", "staging.tar").code == 0
        for command in COMMANDS:
            words = shlex.split(command.partition(" > ")[0].replace("~", str(home)))
            codes.append((words[1], signoff(*words[1:]).code))
    assert codes == [
        ("approve", 0),
        ("approve", 0),
        ("gate", 1),
        ("gate", 1),
        ("report", 0),
        ("gate", 1),
        ("override", 0),
        ("bundle", 0),
    ]
    reason = gated(signoff, tmp_path / "signoff-runs" / "RUN", tmp_path / "allowed_signers")[1]["reason"]
    assert "tech-lead: rejected by alice@example.org" in reason
    assert (tmp_path / "release.tar").is_file()


def _read(block: Block) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(block.content)
    return read
