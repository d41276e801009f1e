"""What the engine itself costs: 2,000 trivial checks, and lint of their file (limits: issue 6)."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.ratio import Figure

SIGNOFF = Path(sys.executable).parent / "signoff"
CHECKS = 2000
CONDUCT = """
import os, pathlib, sys, threading
from checks.engine import Options
from checks.run import Request, conduct
asked = Request(pathlib.Path(sys.argv[1]), output=pathlib.Path(sys.argv[2]), environ=os.environ)
_, record = conduct(asked, lambda event: None, Options(), threading.Event())
sys.exit(record.verdict != "GO")
"""


def ratios() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        many, one = _write(Path(folder), "many", CHECKS), _write(Path(folder), "one", 1)
        few_s, _ = _taken([sys.executable, "-c", CONDUCT, one, str(Path(folder, "run-one"))])
        many_s, memory_mb = _taken([sys.executable, "-c", CONDUCT, many, str(Path(folder, "run-many"))])
        lint_s, _ = _taken([str(SIGNOFF), "lint", many])
    each_ms = (many_s - few_s) / (CHECKS - 1) * 1000
    return [
        Figure("engine, a check of 2,000 trivial ones", each_ms, 2.0, "ms"),
        Figure("memory of a run of 2,000 trivial checks", memory_mb, 200.0, "MB"),
        Figure("signoff lint of a file of 2,000 checks", lint_s, 1.0, "s"),
    ]


def _write(folder: Path, name: str, count: int) -> str:
    (folder / "data.txt").write_text("x\n")
    checks = [
        {
            "id": f"c-{number}",
            "title": f"The file is there, {number}",
            "kind": "file",
            "path": "data.txt",
            "expect": {"exists": True},
            "needs": [f"c-{number - 1}"] if number % 10 == 9 else [],
        }
        for number in range(count)
    ]
    stage = {"id": "all", "title": "All", "section": "Checks", "checks": checks}
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps({"schema": 1, "release": {"name": "Many", "version": "1"}, "stages": [stage]}, indent=1))
    return str(path)


def _taken(command: list[str]) -> tuple[float, float]:
    """Seconds of processor time that a command takes, and its most memory in MB; raises RuntimeError where it fails."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[:2]} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
