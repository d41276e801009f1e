"""`make bench-drill`: healthy runs of the service with traffic of other seeds each; any alarm is a failure.

Every tenth run prepares its traffic anew; the runs between look at a copy with another seed of the simulator.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path

from checks.drill.catalogue import chosen
from checks.drill.drill import DrillRequest, conduct_drill
from checks.drill.events import DrillEvent

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).parent / "image-proxy"
BATCH = 10


def main() -> int:
    """Exit code 1 where any healthy run alarmed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.drill", description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="How many healthy runs.")
    runs = parser.parse_args().runs
    began, alarms, done = time.monotonic(), 0, 0
    quickest_fault = chosen(["value-in-lower-case"], [])
    for seed in range(1, runs + 1, BATCH):
        size = min(BATCH, runs - seed + 1)
        request = DrillRequest(ROOT / "checklist.yaml", quickest_fault, healthy_runs=size, seed=seed, program=PROGRAM)
        record = conduct_drill(request, _told, threading.Event())
        done += len(record.healthy)
        alarms += len(record.alarms)
        for alarm in record.alarms:
            sys.stdout.write(f"{alarm.where}: {alarm.check}: {alarm.reason}\n")
    sys.stdout.write(f"{done} healthy runs, {alarms} false alarms, {time.monotonic() - began:.0f} s\n")
    return 1 if alarms or done < runs else 0


def _told(event: DrillEvent) -> None:
    if event.name == "healthy_finished":
        sys.stderr.write(f"seed {event.facts['seed']}: {', '.join(event.facts['alarms']) or 'quiet'}\n")


if __name__ == "__main__":
    raise SystemExit(main())
