"""action.yml and docs/ci.md: what they have a CI system do is done here, and what it reads is read."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pip
import pytest
import yaml

from checks.markdown import read_markdown
from checks.process import base_environment
from signoff.exit_code import ExitCode
from tests.checks.running import checklist, stage, told, write
from tests.signoff.conftest import ROOT, Command

pytestmark = pytest.mark.usefixtures("plugin")

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
PAGE = read_markdown(ROOT / "docs" / "ci.md")
BIN = Path(sys.executable).parent
BUILDING = {"editables", "hatchling", "packaging", "pathspec", "pluggy", "trove-classifiers"}
INPUT = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")


def block(kind: str) -> Any:
    (found,) = [each for each in PAGE.blocks if each.info[:2] == ("yaml", kind)]
    return yaml.safe_load(found.content)


def run_step(folder: Path, environment: dict[str, str], **given: str) -> subprocess.CompletedProcess[str]:
    """The action's step as GitHub's runner starts it: `bash -e -o pipefail`, inputs in its environment."""
    inputs = {name: each["default"] for name, each in ACTION["inputs"].items()} | given
    (step,) = [each for each in ACTION["runs"]["steps"] if each.get("id") == "run"]
    values = {name: INPUT.sub(lambda found: inputs[found[1]], value) for name, value in step["env"].items()}
    (folder / "action" / ".venv").mkdir(parents=True, exist_ok=True)
    if not (folder / "action" / ".venv" / "bin").exists():
        (folder / "action" / ".venv" / "bin").symlink_to(BIN)
    runner = {
        "GITHUB_ACTION_PATH": str(folder / "action"),
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "GITHUB_ACTIONS": "true",
    }
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
        cwd=folder, env={**environment, **values, **runner}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(("status", "code", "verdict"), [("pass", 0, "GO"), ("fail", 1, "NO-GO"), ("error", 3, "HOLD")])
def test_the_actions_step_gives_verdict_summary_and_annotations(
    tmp_path: Path, environment: dict[str, str], status: str, code: int, verdict: str
) -> None:
    write(tmp_path, checklist(stage(told("a"), told("b", status))))
    done = run_step(tmp_path, environment)
    assert done.returncode == code, done.stderr
    assert (tmp_path / "output").read_text() == f"exit-code={code}\nverdict={verdict}\n"
    assert verdict in (tmp_path / "summary.md").read_text().splitlines()[0]
    assert ("::error title=b::" in done.stderr) == (status == "fail")
    assert (tmp_path / "signoff-run" / "junit.xml").is_file()


def test_the_actions_inputs_reach_the_command_as_they_are(tmp_path: Path, environment: dict[str, str]) -> None:
    profiles = {"a b": {"x": "1"}, "other": {"x": "2"}}
    path = write(tmp_path, checklist(stage(told("a"), told("b", "fail")), profiles=profiles))
    odd = tmp_path / "$(touch broken) out"
    path.rename(tmp_path / "my list.yaml")
    done = run_step(
        tmp_path, environment,
        checklist="my list.yaml", profile="a b", output=str(odd), arguments="--check\na\n\n--set\nx=$(touch broken)\n",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (odd / "verdict.json").is_file()
    assert not (tmp_path / "broken").exists()
    assert '"x": "$(touch broken)"' in (odd / "verdict.json").read_text()


def test_a_mistake_has_no_verdict(tmp_path: Path, environment: dict[str, str]) -> None:
    done = run_step(tmp_path, environment, checklist="none.yaml")
    assert done.returncode == ExitCode.USAGE
    assert (tmp_path / "output").read_text() == "exit-code=2\nverdict=\n"


def test_the_action_is_whole() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert all(each["shell"] == "bash" for each in ACTION["runs"]["steps"])
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"], "what a user gives is never pasted into a script"
    script, lock = ACTION["runs"]["steps"][0]["run"].strip().split()
    assert os.access(ROOT / script.strip('"').removeprefix("$GITHUB_ACTION_PATH/"), os.X_OK)
    assert (ROOT / lock).is_file()
    (used,) = [each for each in block("github")["jobs"]["checklist"]["steps"] if each.get("id") == "signoff"]
    assert set(used["with"]) <= set(ACTION["inputs"])


def test_the_actions_first_step_installs_the_program_from_its_lock_file(tmp_path: Path) -> None:
    """In a copy with a bare environment, without an index, and with a lock of what an installation itself needs."""
    action = tmp_path / "an action"
    action.mkdir()
    for name in ("scripts", "pyproject.toml", "README.md", "LICENSE", "proxy", "checks", "reports", "signoff"):
        (action / name).symlink_to(ROOT / name)
    (action / "scripts").unlink()
    shutil.copytree(ROOT / "scripts", action / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    locked = re.split(r"(?m)^(?=\S)", (ROOT / "requirements.lock").read_text())
    named = [each for each in locked if each.partition("==")[0] in BUILDING]
    assert len(named) == len(BUILDING)
    (action / "requirements.lock").write_text("".join(named))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", action / ".venv"], check=True, timeout=60)
    (packages,) = (action / ".venv" / "lib").glob("python*/site-packages")
    (packages / "pip").symlink_to(Path(pip.__file__).parent)
    wheels = ROOT / ".signoff" / "wheelhouse"
    environment = base_environment({"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)})
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", ACTION["runs"]["steps"][0]["run"]],
        cwd=tmp_path, env={**environment, "GITHUB_ACTION_PATH": str(action)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert os.access(action / ".venv" / "bin" / "signoff", os.X_OK)
    program = [str(action / ".venv" / "bin" / "python"), "-c", "import signoff; print(signoff.__file__)"]
    assert subprocess.run(program, capture_output=True, text=True, check=True, timeout=60).stdout.strip() == str(
        ROOT / "signoff" / "__init__.py"
    )


def test_gitlabs_job_runs_and_its_report_is_where_it_says(tmp_path: Path, environment: dict[str, str]) -> None:
    job = block("gitlab")["release-checklist"]
    write(tmp_path, checklist(stage(told("a"), told("b", "fail")), profiles={"staging": {"x": "1"}}))
    path = f"{BIN}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-e", "-c", "\n".join(job["script"])],
        cwd=tmp_path, env={**environment, "PATH": path}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == ExitCode.NO_GO, done.stderr
    assert job["allow_failure"]["exit_codes"] == [ExitCode.HOLD]
    report = Xml.parse(tmp_path / job["artifacts"]["reports"]["junit"]).getroot()  # noqa: S314 - written just now
    assert report.tag == "testsuites"
    cases = list(report.iter("testcase"))
    assert {"classname", "name", "time"} <= set(cases[0].attrib)
    assert [each.get("name") for each in cases if each.find("failure") is not None] == ["verdict", "b: It is b"]
    assert job["artifacts"]["paths"] == ["signoff-run"]


def test_the_pages_commands_run(signoff: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the one that comments on GitHub; where output goes to a file, it is not empty."""
    path = write(tmp_path, checklist(stage(told("a"), told("b", "fail"))))
    monkeypatch.chdir(tmp_path)
    for folder in ("signoff-run", "signoff-runs/one"):
        assert signoff("run", path, "--output", folder, "--quiet").code == ExitCode.NO_GO
    lines = [line for each in PAGE.blocks if each.info == ("sh",) for line in each.content.splitlines()]
    for line in lines:
        words = shlex.split(line)
        if words[0] == "signoff":
            said = signoff(*words[1:][: words.index(">") - 1 if ">" in words else None])
            assert (said.code, bool(said.out)) == (ExitCode.NO_GO if words[1] == "run" else ExitCode.GO, True), line
    assert (tmp_path / "history.svg").is_file()
    assert [line.partition(" ")[0] for line in lines if not line.startswith("signoff")] == ["gh"]


def test_the_pages_codes_are_those_of_the_program() -> None:
    codes = {int(each) for each in re.findall(r"(?m)^\| (\d+) \|", PAGE.text)}
    assert codes == {int(each) for each in ExitCode} - {ExitCode.ROLLBACK, ExitCode.HALF_ROLLED_BACK}
