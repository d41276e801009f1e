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


def test_a_run_writes_its_views_and_prints_them_again(signoff: Command, folder: Path) -> None:
    assert signoff("report", folder, "--format", "junit").out == (folder / "junit.xml").read_text()
    assert signoff("report", folder, "--format", "html").out == (folder / "report.html").read_text()
    assert signoff("report", folder, "--format", "csv").out.startswith("id,title,stage,status")
    assert signoff("report", folder, "--format", "github").out.startswith("## 🔴 NO-GO")


@pytest.mark.parametrize("writable", [True, False])
def test_a_run_on_github_adds_to_the_steps_summary(
    signoff: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writable: bool
) -> None:
    summary = tmp_path / "summary.md" if writable else tmp_path / "no" / "folder" / "summary.md"
    if writable:
        summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    said = signoff("run", write(tmp_path, checklist(stage(told("b", "fail")))), "--output", tmp_path / "out", "--json")
    assert said.code == 1
    assert "::error title=b::" in said.err
    assert "::error" not in said.out
    if writable:
        again = signoff("report", tmp_path / "out", "--format", "github").out
        assert summary.read_text() == "before\n" + again
    else:
        assert "summary cannot be written: No such file" in said.err


@pytest.mark.parametrize("arguments", [("nowhere",), (".", "--format", "md"), (".", "--format", "pdf")])
def test_a_mistake(
    signoff: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    said = signoff("report", *arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err
    assert "Traceback" not in said.err
