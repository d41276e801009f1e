"""The build id is a digest of the sources, whatever folder they are in."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import proxy
from proxy.identity import build

_SHOW = "from proxy.identity import build; print(build())"


def _build_in(folder: Path) -> str:
    return subprocess.run(
        [sys.executable, "-c", _SHOW], cwd=folder, capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


def test_copy_has_the_same_build_and_a_changed_one_another(tmp_path: Path) -> None:
    copy = tmp_path / "proxy"
    shutil.copytree(Path(proxy.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "notes.txt").write_text("no source")

    assert _build_in(tmp_path) == build()

    (copy / "safety.py").write_text((copy / "safety.py").read_text() + "\n")
    assert _build_in(tmp_path) != build()


def test_version_command_tells_both() -> None:
    from typer.testing import CliRunner

    from proxy.command import application

    plain = CliRunner().invoke(application, ["version"]).output
    found = json.loads(CliRunner().invoke(application, ["version", "--json"]).output)

    assert found == {"version": f"v{proxy.__version__}", "build": build()}
    assert plain == f"image-proxy v{proxy.__version__} ({build()})\n"
