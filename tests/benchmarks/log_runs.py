"""Runs of `signoff logs` and of its peers, each a process of its own: wall time and memory.

SIGNOFF_BENCH_LINES sets the size of logs (default 4,000,000 lines of text, half as many of JSON). The logs stay in
.signoff/bench, and every file is read once before anything is timed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

LINES = int(os.environ.get("SIGNOFF_BENCH_LINES", "4000000"))
ROUNDS = 3
HERE = Path(__file__).parent


class Cost(NamedTuple):
    """What one run of a command took: wall time and, of its largest process, memory."""

    ms: float
    peak_mb: float


def run(command: Sequence[str]) -> Cost:
    """Run a command to its end; raises RuntimeError where it fails."""
    begun = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{command[0]} ended with {child.returncode}")
    return Cost((time.perf_counter() - begun) * 1000, usage.ru_maxrss / 1024)


def in_turn(*commands: Sequence[str]) -> list[Cost]:
    """Run commands in turn and give each one's median time and its most memory, the first round not counted."""
    rounds = [[run(command) for command in commands] for _ in range(ROUNDS + 1)][1:]
    return [
        Cost(statistics.median(cost.ms for cost in costs), max(cost.peak_mb for cost in costs))
        for costs in zip(*rounds, strict=True)
    ]


def signoff_logs(path: Path, *options: str) -> list[str]:
    return [str(Path(sys.executable).parent / "signoff"), "logs", "--json", *options, str(path)]


def folder() -> Path:
    """Give the folder of the logs."""
    made = Path(".signoff/bench")
    made.mkdir(parents=True, exist_ok=True)
    return made
