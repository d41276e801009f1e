"""`signoff report` on a real terminal, and piped."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checks.running import checklist, stage, told, write
from tests.signoff.conftest import Command


@pytest.mark.usefixtures("plugin")
def test_markdown_is_laid_out_on_a_terminal_only(signoff: Command, tmp_path: Path, environment: dict[str, str]) -> None:
    signoff("run", write(tmp_path, checklist(stage(told("a")))), "--output", tmp_path / "out", "--quiet")
    ours, theirs = pty.openpty()
    command = [str(Path(sys.executable).parent / "signoff"), "report", str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment, cwd=tmp_path) as process:
        os.close(theirs)
        seen = b""
        while chunk := _read(ours):
            seen += chunk
        assert process.wait(timeout=30) == 0
    os.close(ours)
    assert "GO: Thing" in seen.decode()
    assert b"# " not in seen
    piped = subprocess.run(command, capture_output=True, env=environment, cwd=tmp_path, check=True, timeout=60)
    assert piped.stdout == (tmp_path / "out" / "report.md").read_bytes()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:  # Linux's answer when the other end is closed
        return b""
