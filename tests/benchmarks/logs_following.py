"""What following a log of 2,000 requests a second costs of a core."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable
from itertools import islice
from typing import IO

import psutil

from tests.benchmarks.log_files import json_log
from tests.benchmarks.log_runs import folder, signoff_logs
from tests.benchmarks.ratio import Figure, Finding

A_SECOND = 2000
STARTING_S = 10
MEASURED_S = 40
_PULSE_S = 0.1


def ratios() -> list[Finding]:
    source = json_log(folder(), A_SECOND * (STARTING_S + MEASURED_S), STARTING_S + MEASURED_S)
    growing = folder() / "growing.jsonl"
    with source.open("rb") as lines, growing.open("wb", buffering=0) as log:
        command = signoff_logs(growing, "--follow")
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            follower = psutil.Process(child.pid)
            _grow(lines, log, STARTING_S)
            begun, before = time.monotonic(), _cpu_s(follower)
            _grow(lines, log, MEASURED_S)
            share = (_cpu_s(follower) - before) / (time.monotonic() - begun)
        finally:
            child.kill()
            child.wait()
            growing.unlink()
    return [Figure(f"following {A_SECOND} requests a second: share of a core", 100 * share, 10, "%")]


def _grow(lines: Iterable[bytes], log: IO[bytes], seconds: int) -> None:
    """Write lines at their pace, some at a time as a server does."""
    begun = time.monotonic()
    for pulse in range(round(seconds / _PULSE_S)):
        log.write(b"".join(islice(lines, round(A_SECOND * _PULSE_S))))
        time.sleep(max(0.0, begun + (pulse + 1) * _PULSE_S - time.monotonic()))


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
