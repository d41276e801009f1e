"""The README's commands run, and its first screen is what it says."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from checks.markdown import read_markdown
from checks.process import base_environment

ROOT = Path(__file__).parents[1]
README = read_markdown(ROOT / "README.md")
COMMANDS = [line for block in README.blocks if "run" in block.info for line in block.content.splitlines()]


@pytest.mark.parametrize("line", COMMANDS)
def test_every_runnable_command_runs(line: str) -> None:
    path = f"{Path(sys.executable).parent}:{base_environment()['PATH']}"
    done = subprocess.run(
        shlex.split(line), cwd=ROOT, env=base_environment({"PATH": path}), capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_the_first_screen_names_the_two_commands_and_shows_a_report() -> None:
    first_screen = "\n".join(README.text.splitlines()[:60])
    for wanted in ("make signoff", "make test", "GO: Image proxy v3.3.20", "| Status |"):
        assert wanted in first_screen


def test_every_command_has_an_example_in_its_help() -> None:
    for command in ("run", "plan", "lint", "kinds", "logs", "report"):
        done = subprocess.run(
            [sys.executable, "-m", "signoff", command, "--help"], capture_output=True, text=True, check=True, timeout=60
        )
        assert "Example" in done.stdout, command
