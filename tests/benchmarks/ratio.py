"""What benchmarks find: ratios of two things measured in turn, A B A B …, and figures with a limit of their own."""

import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

ROUNDS = 15


@dataclass(frozen=True)
class Ratio:
    """How much longer one thing takes than another; `limit` is the most that is allowed, None where none is."""

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

    def cells(self) -> tuple[str, str, str, str]:
        """Ours, theirs, what is judged, and the limit."""
        limit = "–" if self.limit is None else f"{self.limit:.3g}"
        return f"{self.ours_ms:.3g} ms", f"{self.theirs_ms:.3g} ms", f"× {self.value:.3g}", limit


@dataclass(frozen=True)
class Figure:
    """A number with the most that it may be; None where nothing is asked. `beside` is shown with it."""

    name: str
    value: float
    limit: float | None
    unit: str
    beside: str = "–"

    @property
    def holds(self) -> bool:
        return self.limit is None or self.value <= self.limit

    def cells(self) -> tuple[str, str, str, str]:
        """Ours, what stands beside it, what is judged, and the limit."""
        limit = "–" if self.limit is None else f"{self.limit:g} {self.unit}"
        value = f"{self.value:.3g} {self.unit}"
        return value, self.beside, value, limit


Finding = Ratio | Figure


class UnavailableError(Exception):
    """What is to be compared with cannot be had here; the message says why."""


def compare(name: str, ours: Sequence[str], theirs: Sequence[str], limit: float | None) -> Ratio:
    """Run two commands in turn, after one round that is not counted."""
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    for round_number in range(ROUNDS + 1):
        for label, command in (("ours", ours), ("theirs", theirs)):
            begun = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if round_number:
                times[label].append((time.perf_counter() - begun) * 1000)
    return Ratio(name, statistics.median(times["ours"]), statistics.median(times["theirs"]), limit)
