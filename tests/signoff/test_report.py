from __future__ import annotations

from pathlib import Path

import pytest

from checks.outcome import RunRecord
from tests.checks.running import checklist, stage, told, write
from tests.signoff.conftest import Command

pytestmark = pytest.mark.usefixtures("plugin")


@pytest.fixture
def folder(signoff: Command, tmp_path: Path) -> Path:
    signoff("run", write(tmp_path, checklist(stage(told("a"), told("b", "fail")))), "--output", tmp_path / "out")
    return tmp_path / "out"


def test_the_report_again(signoff: Command, folder: Path) -> None:
    said = signoff("report", folder)
    assert (said.code, said.err) == (0, "")
    assert said.out == (folder / "report.md").read_text()


def test_the_record(signoff: Command, folder: Path) -> None:
    said = signoff("report", folder, "--format", "json")
    record = RunRecord.model_validate_json(said.out)
    assert record == RunRecord.model_validate_json((folder / "verdict.json").read_bytes())


@pytest.mark.parametrize("arguments", [("nowhere",), (".", "--format", "md"), (".", "--format", "pdf")])
def test_a_mistake(
    signoff: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    said = signoff("report", *arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err
    assert "Traceback" not in said.err
