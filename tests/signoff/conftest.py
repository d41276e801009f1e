"""The command line in this process, and as a real one; kinds of a plug-in beside the built-in ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from signoff.main import main
from tests.checks.conftest import distribution, plugin

__all__ = ["distribution", "plugin"]

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def signoff(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run `signoff` with some arguments in this process."""

    def command(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["signoff", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return Said(int(left.value.code or 0), out, err)

    return command


@pytest.fixture
def environment(distribution: Path) -> dict[str, str]:
    """The environment of a real `signoff` that knows the odd kinds."""
    path = os.pathsep.join([str(distribution), str(ROOT)])
    return {**os.environ, "PYTHONPATH": path, "COLUMNS": "200"}


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Start]:
    """Start a real `signoff` whose streams are pipes; whatever still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: object, cwd: Path, **variables: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / "signoff"), *map(str, arguments)],
            cwd=cwd,
            env={**environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate(timeout=10)
