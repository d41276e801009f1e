"""The original's text log of 4 million lines: against the page's shell lines in the C locale; and its last minutes."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.benchmarks.log_files import SPAN_S, START, text_log
from tests.benchmarks.log_runs import HERE, LINES, folder, in_turn, signoff_logs
from tests.benchmarks.ratio import Figure, Finding, Ratio

_READ = """
import sys, pathlib
from datetime import datetime
from checks.metrics.engine import read_windows
read = lambda: int(pathlib.Path('/proc/self/io').read_text().split()[1])
before = read()
table = read_windows([sys.argv[1]], since=datetime.fromisoformat(sys.argv[2]))
assert table.total.requests
print(read() - before)
"""


def ratios() -> list[Finding]:
    text = text_log(folder(), LINES)
    shell = ["env", "LC_ALL=C", "sh", str(HERE / "original_pipelines.sh"), str(text)]
    ours, original = in_turn(signoff_logs(text), shell)
    return [
        Ratio("text log / the page's three pipelines", ours.ms, original.ms, 1.0),
        Figure("text log: peak memory", ours.peak_mb, 1000, "MB"),
        _share_read(text),
    ]


def _share_read(path: Path) -> Figure:
    """How much of a sorted log is read for its last five minutes."""
    since = datetime.fromtimestamp(START + SPAN_S, UTC) - timedelta(minutes=5)
    command = [sys.executable, "-c", _READ, str(path), since.isoformat()]
    read = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    size = path.stat().st_size
    return Figure("last 5 minutes: share of the log that is read", 100 * read / size, 2, "%", f"{size / 1e6:.0f} MB")
