"""docs/plug-ins.md: the example package, installed in an environment of its own; and every way to go wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from checks.check import Check
from checks.markdown import read_markdown
from tests.checks.conftest import forget
from tests.checks.running import checklist, stage, write
from tests.signoff.conftest import Command

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "disk-space"
PAGE = read_markdown(ROOT / "docs" / "plug-ins.md")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment with the example in it; signoff and what it needs are lent by ours."""
    folder = tmp_path_factory.mktemp("plug-in")
    fresh = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(fresh)], check=True)
    (site,) = fresh.glob("lib/python*/site-packages")
    ours = sysconfig.get_paths()["purelib"]
    (site / "lent.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    pip = [sys.executable, "-m", "pip", "--python", str(fresh / "bin" / "python"), "install", "--quiet"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    source = folder / "disk-space"
    source.mkdir()
    for each in EXAMPLE.iterdir():
        if each.is_file():
            (source / each.name).write_bytes(each.read_bytes())
    subprocess.run([*pip, *offline, str(source)], check=True, capture_output=True)
    return fresh


def signoff_in(environment: Path, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [str(environment / "bin" / "python"), "-m", "signoff", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, env=clean(), check=False)


def clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}


def test_the_example_is_listed_described_and_linted(environment: Path, tmp_path: Path) -> None:
    listed = signoff_in(environment, "kinds", cwd=tmp_path)
    assert "disk-space  How much room there is" in listed.stdout, listed.stderr
    described = signoff_in(environment, "kinds", "disk-space", cwd=tmp_path).stdout
    assert "  free: bytes that are free\n" in described
    linted = signoff_in(environment, "lint", EXAMPLE / "checklist.yaml", cwd=tmp_path)
    assert linted.returncode == 0, linted.stderr


@pytest.mark.parametrize(("expect", "code", "status"), [("1MB", 0, "pass"), ("9999TB", 1, "fail")])
def test_the_example_runs_and_can_fail(environment: Path, tmp_path: Path, expect: str, code: int, status: str) -> None:
    path = tmp_path / "checklist.yaml"
    path.write_text((EXAMPLE / "checklist.yaml").read_text().replace("above: 1MB", f"above: {expect}"))
    said = signoff_in(environment, "run", path, "--output", tmp_path / "run", "--quiet", cwd=tmp_path)
    assert said.returncode == code, said.stderr
    (room,) = json.loads((tmp_path / "run" / "verdict.json").read_text())["checks"]
    assert (room["status"], room["kind"], room["observed"]["free"]["unit"]) == (status, "disk-space", "bytes")


def test_without_the_package_the_kind_is_unknown(signoff: Command) -> None:
    said = signoff("lint", EXAMPLE / "checklist.yaml")
    assert said.code == 2
    assert "kind 'disk-space' is unknown" in said.out + said.err


@pytest.mark.parametrize(
    ("kind", "code", "message"),
    [
        ("missing-module", 2, "the kind 'missing-module' (tests.checks.no_such_module:Nothing) cannot be loaded"),
        ("no-check", 2, "is not a subclass of checks.check.Check"),
        ("raising", 3, "the kind 'raising' raised RuntimeError: out of order"),
        ("empty-handed", 3, "the kind 'empty-handed' returned no observation"),
        ("not-a-number", 3, "rate: the value observed is nan"),
        ("hanging", 3, "timed out after 200 ms"),
    ],
)
def test_what_a_plug_in_does_wrong_has_its_code_and_message(
    signoff: Command, plugin: Path, tmp_path: Path, kind: str, code: int, message: str
) -> None:
    expect = {"rate": {"below": 1}} if kind == "not-a-number" else {}
    check: dict[str, Any] = {"id": "it", "title": "It", "kind": kind, "timeout": "200ms", "expect": expect}
    path = write(tmp_path, checklist(stage(check)))
    said = signoff("run", path, "--output", tmp_path / "run", "--non-interactive")
    assert said.code == code
    reason = said.err + said.out
    if code == 3:
        reason = json.loads((tmp_path / "run" / "verdict.json").read_text())["checks"][0]["reason"]
    assert message in " ".join(reason.split())


def test_a_name_that_is_there_already_is_refused(
    signoff: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "taking-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: taking\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[signoff.kinds]\nhttp = tests.checks.odd_kinds:ToldCheck\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    forget()
    try:
        said = signoff("kinds")
    finally:
        monkeypatch.undo()
        forget()
    assert said.code == 2
    assert "the kind 'http' is there twice: " in said.err
    assert "of taking" in said.err


def test_the_page_tells_of_every_class_variable_and_shows_the_example() -> None:
    table = set(PAGE.first_column)
    own = {"observes", "sole_property", "asks_target", "of_instances", "usual_effect", "slow"}
    assert own <= {word.split("(")[0] for word in table}
    assert all(hasattr(Check, name) for name in own)
    entry = 'disk-space = "signoff_disk_space:DiskSpaceCheck"'
    assert entry in PAGE.text
    assert entry in (EXAMPLE / "pyproject.toml").read_text()
