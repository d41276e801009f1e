"""Times two commands in turn, A B A B …, and gives the ratio of their medians."""

import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

ROUNDS = 15


@dataclass(frozen=True)
class Ratio:
    """How much longer one command takes than another; `limit` is the most that is allowed, None where none is."""

    name: str
    ours_ms: float
    theirs_ms: float
    limit: float | None

    @property
    def value(self) -> float:
        return self.ours_ms / self.theirs_ms

    @property
    def holds(self) -> bool:
        return self.limit is None or self.value <= self.limit


def compare(name: str, ours: Sequence[str], theirs: Sequence[str], limit: float | None) -> Ratio:
    """Run both in turn, after one round that is not counted."""
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    for round_number in range(ROUNDS + 1):
        for label, command in (("ours", ours), ("theirs", theirs)):
            begun = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if round_number:
                times[label].append((time.perf_counter() - begun) * 1000)
    return Ratio(name, statistics.median(times["ours"]), statistics.median(times["theirs"]), limit)
