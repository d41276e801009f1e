"""Figures of `signoff logs`: against the page's own shell lines, lnav and a Python loop, on logs made here.

SIGNOFF_BENCH_LINES sets the size (default 4,000,000 lines of text, half as many of JSON). The logs stay in
.signoff/bench, and every file is read once before anything is timed.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.log_files import SPAN_S, START, json_log, text_log
from tests.benchmarks.ratio import Ratio

LINES = int(os.environ.get("SIGNOFF_BENCH_LINES", "4000000"))
ROUNDS = 3
FOLDER = Path(".signoff/bench")
SIGNOFF = str(Path(sys.executable).parent / "signoff")
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


def in_turn(ours: Sequence[str], theirs: Sequence[str]) -> tuple[Cost, Cost]:
    """Run two commands in turn and give the medians, the first round not counted."""
    costs = [(run(ours), run(theirs)) for _ in range(ROUNDS + 1)][1:]
    mine, others = zip(*costs, strict=True)
    return _median(mine), _median(others)


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(statistics.median(cost.ms for cost in costs), max(cost.peak_mb for cost in costs))


def signoff_logs(path: Path, *options: str) -> list[str]:
    return [SIGNOFF, "logs", "--json", *options, str(path)]


def ratios() -> list[Ratio]:
    """Measure everything; the memory's and the bytes' figures are in MB, in the places of milliseconds."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    text, quarter = text_log(FOLDER, LINES), text_log(FOLDER, LINES // 4)
    events = json_log(FOLDER, LINES // 2)
    shell = ["env", "LC_ALL=C", "sh", str(HERE / "original_pipelines.sh"), str(text)]
    ours, original = in_turn(signoff_logs(text), shell)
    found = [
        Ratio("text log / the page's three pipelines", ours.ms, original.ms, 1.0),
        Ratio("text log: peak MB / 1000", ours.peak_mb, 1000, 1.0),
    ]
    if shutil.which("lnav"):
        peer = run(["lnav", "-n", "-c", ";select log_level, count(*) from all_logs group by log_level", str(text)])
        found.append(Ratio("text log / lnav counting levels", ours.ms, peer.ms, 1 / 5))
    mine, loop = in_turn(signoff_logs(events), [sys.executable, str(HERE / "json_loop.py"), str(events)])
    found += [
        Ratio("JSON log / json.loads loop with the same figures", mine.ms, loop.ms, 1 / 8),
        Ratio("time a line, all lines / a quarter", ours.ms, 4 * _median([run(signoff_logs(quarter))]).ms, 1.3),
        _bytes_read(text),
    ]
    return found


def _bytes_read(path: Path) -> Ratio:
    """How much of a sorted log is read for its last five minutes."""
    since = datetime.fromtimestamp(START + SPAN_S, UTC) - timedelta(minutes=5)
    program = (
        "import sys, pathlib; from datetime import datetime; from checks.metrics.engine import read_windows\n"
        "read = lambda: int(pathlib.Path('/proc/self/io').read_text().split()[1])\n"
        "before = read(); table = read_windows([sys.argv[1]], since=datetime.fromisoformat(sys.argv[2]))\n"
        "assert table.total.requests; print(read() - before)"
    )
    command = [sys.executable, "-c", program, str(path), since.isoformat()]
    read = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    mega = 1_000_000
    return Ratio("last 5 minutes: MB read / MB of the log", read / mega, path.stat().st_size / mega, 0.02)
