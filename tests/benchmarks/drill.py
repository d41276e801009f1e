"""`make bench-drill`: healthy runs of the service, each with traffic of another seed; any alarm is a failure.

Each run starts a simulated upstream and a proxy, drives 140 requests of its own seed through them, and then looks with
the service's checks of checklist.yaml under the profile `reference`. As many runs go on at once as there are cores.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from checks.drill.drill import DrillRequest, conduct_drill
from checks.drill.outcome import DrillRecord

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).parent / "image-proxy"
FEWEST_CHECKS = 60
"""A run that looked at fewer was none."""


def main() -> int:
    """Exit code 1 where any healthy run alarmed, or was none."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.drill", description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="How many healthy runs.")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="How many of them at once.")
    given = parser.parse_args()
    began, alarms, done = time.monotonic(), 0, 0
    with ProcessPoolExecutor(given.jobs, mp_context=get_context("spawn")) as pool:
        for record in pool.map(_healthy, range(1, given.runs + 1)):
            [run] = record.healthy
            done += len(run.looked_at) >= FEWEST_CHECKS
            alarms += len(record.alarms)
            _tell(f"seed {run.seed}: {len(run.looked_at)} checks, {', '.join(run.alarms) or 'quiet'}")
            for alarm in record.alarms:
                sys.stdout.write(f"{alarm.where}: {alarm.check}: {alarm.reason}\n")
    took = time.monotonic() - began
    sys.stdout.write(f"{done} healthy runs, {alarms} false alarms, {took:.0f} s, {_cpu_s():.0f} s of processor time\n")
    return 1 if alarms or done < given.runs else 0


def _healthy(seed: int) -> DrillRecord:
    request = DrillRequest(
        ROOT / "checklist.yaml", (), healthy_runs=1, seed=seed, program=PROGRAM, only_healthy=["service"]
    )
    return conduct_drill(request, lambda event: None, threading.Event())


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    raise SystemExit(main())
