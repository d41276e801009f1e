"""The page about logs: its commands run, its format is one, and it names what the code names."""

from __future__ import annotations

import re
import shlex
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner

from checks.markdown import read_markdown
from checks.metrics.format_file import read_format
from checks.metrics.formats import BUILT_IN, built_in_format
from signoff.main import application
from tests.checks.metrics.corpus import START, record, write_lines

PAGE = Path(__file__).resolve().parents[2] / "docs" / "logs.md"
BLOCKS = read_markdown(PAGE).blocks
COMMANDS = [line for block in BLOCKS if block.info[:2] == ("sh", "run") for line in block.content.splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("project")
    (made / "logs").mkdir()
    records = [record(START + timedelta(seconds=place), request_id=str(place)) for place in range(90)]
    write_lines(made / "logs" / "image-proxy.jsonl", *records)
    return made


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_marked_to_be_run_ends_well(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(folder)
    program, *arguments = shlex.split(command)
    assert program == "signoff"
    result = CliRunner().invoke(application, arguments)
    assert result.exit_code == 0, result.output


def test_the_format_that_is_shown_is_one(tmp_path: Path) -> None:
    shown = next(block.content for block in BLOCKS if block.info[:1] == ("yaml",))
    (tmp_path / "shop.yaml").write_text(shown, encoding="utf-8")
    assert read_format(tmp_path / "shop.yaml").name == "shop"


def test_built_in_formats_and_their_caveats_are_named() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in BUILT_IN:
        assert f"| `{name}` |" in text
    for note in built_in_format("antigravity").notes:
        assert f"`{note.code}`" in text
    assert files("checks.metrics.prometheus").joinpath("image-proxy.yaml").is_file()
    assert re.search(r"latest 1,440 windows", text)
