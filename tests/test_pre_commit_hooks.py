"""The hook that others' repositories run before a commit."""

import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]


def test_the_hook_lints_checklists_and_nothing_else() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    matching = re.compile(hook["files"])
    assert [
        name for name in ("checklist.yaml", "a/checklist.yml", "checklist.yaml.md", "x.yaml") if matching.search(name)
    ] == [
        "checklist.yaml",
        "a/checklist.yml",
    ]
    program, *arguments = hook["entry"].split()
    done = subprocess.run(
        [str(Path(sys.executable).parent / program), *arguments, "checklist.yaml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "checklist.yaml: clean\n")
