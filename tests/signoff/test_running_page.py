"""docs/running.md: its commands run, and what it says is said is said."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from checks.journal import VERSION
from checks.markdown import read_markdown
from checks.record_file import read_record
from tests.checks.running import checklist, stage, told, write
from tests.signoff.conftest import Command

ROOT = Path(__file__).parents[2]
PAGE = read_markdown(ROOT / "docs" / "running.md")


def test_every_command_that_is_marked_to_be_run_runs(signoff: Command) -> None:
    lines = [line for block in PAGE.blocks if "run" in block.info for line in block.content.splitlines()]
    assert lines
    for line in lines:
        name, *arguments = line.split()
        assert name == "signoff"
        assert signoff(*arguments).code == 0, line


@pytest.mark.usefixtures("plugin")
def test_a_run_goes_on_by_the_pages_first_commands(
    signoff: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run that the later two name is begun as the first begins one."""
    question = {"id": "seen", "title": "Seen", "kind": "ask", "question": "Good?", "role": "qa"}
    given = {"profiles": {"production": {"x": 1}}}
    write(tmp_path, checklist(stage(told("unit-tests", "fail"), question), **given))
    (tmp_path / "answers.yaml").write_text("seen: 'yes'\n")
    monkeypatch.chdir(tmp_path)
    begin, *further = next(block.content for block in PAGE.blocks if block.info == ("sh",)).splitlines()
    folder = shlex.split(further[0])[2]
    assert signoff(*shlex.split(begin)[1:], "--non-interactive", "--quiet", "--output", folder).code == 1
    for line in further:
        assert signoff(*shlex.split(line)[1:]).code == 1, line
    found = read_record(tmp_path / folder)
    assert [rerun.reason for rerun in found.reruns] == ["the flaky test is mended"]


def test_every_message_of_the_table_stands_in_the_code() -> None:
    source = " ".join(path.read_text() for house in ("checks", "signoff") for path in (ROOT / house).rglob("*.py"))
    said = re.findall(r"^\| [^|]+ \| `([^`]+)` \| 2 \|$", PAGE.text, re.MULTILINE)
    assert len(said) >= 6
    for message in said:
        parts = re.split(r"\bN\b|\bRUN\b|\bb\b|\bblocked\b|\b\d\b|--set .*", message)
        for part in parts:
            words = part.strip(" ;`")
            assert words in source.replace("`signoff", "signoff").replace('f"', "").replace("{run}`", ""), words


def test_the_version_of_the_journal_is_the_one_it_names() -> None:
    assert f"this signoff reads {VERSION};" in PAGE.text
