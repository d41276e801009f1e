from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.signoff.conftest import Command


@pytest.mark.parametrize("template", ["image-proxy", "openai-images", "antigravity", "http-service"])
def test_a_template_is_written_and_lints_clean(signoff: Command, tmp_path: Path, template: str) -> None:
    path = tmp_path / "checklist.yaml"
    said = signoff("init", "--template", template, "--name", "Shop", "--version", "2.1.0", "--output", path)
    assert (said.code, said.out) == (0, "")
    assert said.err.startswith(f"{path} is written. Next:\n  1. ")
    assert 'release: {name: "Shop", version: "2.1.0"}' in path.read_text()
    assert signoff("lint", path).err == f"{path}: clean\n"


def test_a_checklist_that_is_there_is_kept(signoff: Command, tmp_path: Path) -> None:
    path = tmp_path / "checklist.yaml"
    path.write_text("mine")
    said = signoff("init", "--template", "http-service", "--output", path)
    assert (said.code, said.err) == (2, f"{path}: is there already; name another, or give --force\n")
    assert signoff("init", "--template", "http-service", "--output", path, "--force").code == 0
    assert path.read_text() != "mine"


def test_an_unknown_template_and_none_at_all(signoff: Command, tmp_path: Path) -> None:
    path = tmp_path / "checklist.yaml"
    said = signoff("init", "--template", "http-servise", "--output", path)
    assert said.code == 2
    assert "did you mean 'http-service'?" in " ".join(said.err.replace("│", " ").split())
    said = signoff("init", "--output", path)
    assert said.code == 2
    assert "image-proxy" in said.err
    assert not path.exists()


def test_on_a_terminal_it_asks(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "signoff"), "init"],
        cwd=tmp_path,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.write(ours, b"http-service\nShop\n\nhttp://127.0.0.1:9\n")
    out, err = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert (process.returncode, out.strip()) == (0, "")
    assert "A service with an address that tells its health and version" in err
    text = (tmp_path / "checklist.yaml").read_text()
    assert 'release: {name: "Shop", version: "1.0.0"}' in text
    assert 'url: "http://127.0.0.1:9"' in text
