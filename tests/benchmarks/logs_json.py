"""The image proxy's own log, 2 million requests, against a plain loop of Python's that gives the same figures."""

from __future__ import annotations

import sys

from tests.benchmarks.log_files import json_log
from tests.benchmarks.log_runs import HERE, LINES, folder, in_turn, signoff_logs
from tests.benchmarks.ratio import Figure, Finding, Ratio


def ratios() -> list[Finding]:
    events = json_log(folder(), LINES // 2)
    ours, loop = in_turn(signoff_logs(events), [sys.executable, str(HERE / "json_loop.py"), str(events)])
    return [
        Ratio("JSON log / json.loads loop with the same figures", ours.ms, loop.ms, 1 / 8),
        Figure("JSON log: peak memory", ours.peak_mb, 1000, "MB"),
    ]
