"""The table of commands, and what becomes of all that goes wrong."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from signoff.exit_code import ExitCode
from tests.checks.running import checklist, stage, write
from tests.signoff.conftest import Command


def test_exit_codes_are_the_designs() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "GO": 0,
        "NO_GO": 1,
        "USAGE": 2,
        "HOLD": 3,
        "INTERNAL": 4,
        "OVERRIDDEN": 5,
        "ROLLBACK": 10,
        "HALF_ROLLED_BACK": 11,
        "INTERRUPTED": 130,
    }


def test_help_names_every_command(signoff: Command) -> None:
    said = signoff("--help")
    assert said.code == 0
    assert all(f" {name} " in said.out for name in ("run", "plan", "lint", "kinds", "logs", "report"))
    assert "--non-interactive" in signoff("run", "-h").out


def test_the_version_is_the_installed_one(signoff: Command) -> None:
    said = signoff("--version")
    assert (said.code, said.out) == (0, f"signoff {version('signoff')}\n")


@pytest.mark.parametrize("arguments", [("rnu",), ("run", "a", "b"), ("lint", "--covers")])
def test_what_is_no_command_line_is_a_mistake(signoff: Command, arguments: tuple[str, ...]) -> None:
    said = signoff(*arguments)
    assert (said.code, said.out) == (2, "")
    assert "Error" in said.err


@pytest.mark.parametrize("raised", [KeyboardInterrupt(), SystemExit(1)])
def test_an_interruption_anywhere_is_no_verdict(
    signoff: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: BaseException
) -> None:
    def interrupted(*arguments: object) -> None:
        raise raised

    monkeypatch.setattr("checks.linting.lint_checklist", interrupted)
    assert signoff("lint", write(tmp_path, checklist(stage()))).code == 130


def test_a_defect_is_told_as_one(signoff: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("checks.linting.lint_checklist", broken)
    said = signoff("lint", write(tmp_path, checklist(stage())))
    assert said.code == 4
    assert "ZeroDivisionError: by zero" in said.err
    assert "a defect of signoff, not a verdict" in said.err


@pytest.mark.parametrize(
    ("stream", "arguments", "code"),
    [("stdout", ["schema"], ExitCode.HOLD), ("stderr", ["lint", "no-such-file.yaml"], ExitCode.INTERNAL)],
)
def test_where_nothing_can_be_said_the_code_is_no_verdict_of_a_release(
    tmp_path: Path, stream: str, arguments: list[str], code: ExitCode
) -> None:
    program = str(Path(sys.executable).parent / "signoff")
    with Path("/dev/full").open("w") as full, (tmp_path / "other").open("w") as other:
        out, err = (full, other) if stream == "stdout" else (other, full)
        said = subprocess.run([program, *arguments], cwd=tmp_path, check=False, timeout=60, stdout=out, stderr=err)
    told = "what was to be written: cannot be written: No space left on device" if stream == "stdout" else ""
    assert (said.returncode, told in (tmp_path / "other").read_text()) == (code, True)
