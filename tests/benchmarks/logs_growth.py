"""Whether the cost of a line stays what it is: a text log of 20 million lines against one of 4 million."""

from __future__ import annotations

from tests.benchmarks.log_files import text_log
from tests.benchmarks.log_runs import LINES, folder, in_turn, run, signoff_logs
from tests.benchmarks.ratio import Figure, Finding, Ratio

TIMES = 5


def ratios() -> list[Finding]:
    text, large = text_log(folder(), LINES), text_log(folder(), TIMES * LINES)
    (ours,) = in_turn(signoff_logs(text))
    run(["cat", str(large)])
    most = run(signoff_logs(large))
    return [
        Ratio(f"time of {TIMES} times the lines / {TIMES} times the time", most.ms, TIMES * ours.ms, 1.15),
        Figure(f"{TIMES} times the lines: peak memory", most.peak_mb, 1000, "MB"),
    ]
