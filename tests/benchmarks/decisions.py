"""`make bench-decisions`: false rollbacks a service-day, incidents found and their delay, our rule against others'.

The seeds are fixed: the same sizes give the same figures. Exit code 1 where a target of ours is missed.
"""

import argparse
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from tests.benchmarks.decision_rules import NEVER, Rule, argo, flagger, ours, prometheus
from tests.benchmarks.simulated_services import BEFORE, Minutes, healthy_days, incidents

SEED = 20260111
CHUNK = 500
WITHIN = 40
"""An incident counts as found within so many minutes."""
RULES: dict[str, Rule] = {"ours": ours(), "Prometheus": prometheus(), "Argo": argo(), "Flagger": flagger()}
HEALTHY = [(rate, error) for error in (0.005, 0.05, 0.08) for rate in (0.05, 0.2, 0.5, 1, 5, 50)]
INCIDENTS = [
    *[(rate, error) for error in (0.2, 0.3) for rate in (0.05, 0.2, 0.5, 1, 5, 50)],
    *[(rate, 0.15) for rate in (0.5, 1, 5, 50)],
]
FALSE_LIMIT = {0.005: 0.001, 0.05: 0.001, 0.08: 0.01}
"""False rollbacks a service-day that our rule may give at a true error rate."""


@dataclass(frozen=True)
class Found:
    """What a rule made of a cell of incidents: share found, median delay in minutes, share said before the start."""

    share: float
    median: float
    early: float

    def __str__(self) -> str:
        return f"{self.share:.1%} {self.median:.0f}m" if self.share else "0.0 %"


def false_rollbacks(rate: float, error: float, days: int) -> dict[str, float]:
    """False rollbacks a service-day, by rule."""
    random = np.random.default_rng([SEED, round(rate * 1000), round(error * 1000)])
    said = dict.fromkeys(RULES, 0)
    for start in range(0, days, CHUNK):
        minutes = healthy_days(random, min(CHUNK, days - start), rate, error)
        for name, rule in RULES.items():
            said[name] += int((rule(minutes) != NEVER).sum())
    return {name: count / days for name, count in said.items()}


def found(rate: float, error: float, services: int, *, dip: bool) -> dict[str, Found]:
    """What each rule made of incidents; one that had said ROLLBACK before the start is left out."""
    random = np.random.default_rng([SEED, round(rate * 1000), round(error * 1000), dip])
    minutes = incidents(random, services, rate, error, dip=dip)
    return {name: _found(rule, minutes) for name, rule in RULES.items()}


def _found(rule: Rule, minutes: Minutes) -> Found:
    at = rule(minutes)
    early = (at != NEVER) & (at < BEFORE)
    delays = (at - BEFORE + 1)[(at != NEVER) & ~early]
    delays = delays[delays <= WITHIN]
    judged = int((~early).sum())
    share = len(delays) / judged if judged else 0.0
    return Found(share, float(np.median(delays)) if len(delays) else float("nan"), float(early.mean()))


def misses(rate: float, error: float, result: Found) -> bool:
    """Whether our rule misses its target for incidents."""
    soon = (error >= 0.2 and rate >= 1) or (error >= 0.15 and rate >= 5)
    if soon:
        return result.share < 0.99 or result.median > 6
    return error >= 0.15 and rate >= 1 and result.share < 0.99


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=2000, help="healthy service-days a cell")
    parser.add_argument("--incidents", type=int, default=2000, help="incidents a cell")
    sizes = parser.parse_args()
    console, missed = Console(width=130), 0
    table = Table(
        "requests/s", "true rate", *RULES, "", title=f"False rollbacks a service-day, {sizes.days} days a cell"
    )
    for rate, error in HEALTHY:
        falses = false_rollbacks(rate, error, sizes.days)
        bad = falses["ours"] > max(FALSE_LIMIT[error], 1 / sizes.days) or falses["ours"] > min(falses.values())
        missed += bad
        shares = [f"{share:.4f}" for share in falses.values()]
        table.add_row(f"{rate:g}", f"{error:.1%}", *shares, "MISSED" if bad else "ok")
    console.print(table)
    for dip in (False, True):
        title = "with a dip of one minute" if dip else "without a dip"
        table = Table(
            "requests/s", "true rate", *RULES, "", title=f"Found within {WITHIN} minutes, median delay; {title}"
        )
        for rate, error in INCIDENTS:
            results = found(rate, error, sizes.incidents, dip=dip)
            bad = not dip and misses(rate, error, results["ours"])
            missed += bad
            table.add_row(f"{rate:g}", f"{error:.0%}", *map(str, results.values()), "MISSED" if bad else "ok")
        console.print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
