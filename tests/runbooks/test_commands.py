"""Every command in the documents that is marked to be run is run."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from checks.markdown_commands import SHELL
from tests.runbooks.documents import ROOT, SETTING, document

pytestmark = pytest.mark.story("007-05")

RUN_SECONDS = 120


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project's folder as links, so that what commands leave behind is seen and runs beside this one don't meet."""
    for entry in ROOT.iterdir():
        if not entry.name.startswith("."):
            (tmp_path / entry.name).symlink_to(entry)
    return tmp_path


@pytest.mark.parametrize("name", ["configuration", "operations", "testing"])
def test_every_command_that_is_marked_to_be_run_ends_well_and_leaves_nothing_behind(name: str, project: Path) -> None:
    before = {entry.name for entry in project.iterdir()}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {key: value for key, value in os.environ.items() if not SETTING.match(key)} | {"PATH": path}
    commands = _commands(name)
    assert commands
    for command in commands:
        assert not SHELL.search(command), command
        ended = subprocess.run(
            shlex.split(command), cwd=project, env=environment, capture_output=True, timeout=RUN_SECONDS, check=False
        )
        assert ended.returncode == 0, f"{command}: {ended.stdout.decode()[-500:]}{ended.stderr.decode()[-500:]}"
    assert {entry.name for entry in project.iterdir()} - before <= {".signoff"}


def _commands(name: str) -> list[str]:
    return [
        line
        for block in document(name).blocks
        if block.info[:2] == ("sh", "run")
        for line in block.content.splitlines()
        if line.strip() and not line.startswith("#")
    ]
