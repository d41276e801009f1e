"""`make bench-decisions`: false rollbacks a service-day, incidents found and their delay, our rule against others'.

The tables are Markdown, as docs/rollback.md has them. The seeds are fixed: the same sizes give the same figures. Exit
code 1 where a target of ours is missed.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.benchmarks.decision_rules import NEVER, Rule, argo, clear, flagger, ours, prometheus
from tests.benchmarks.simulated_services import BEFORE, Minutes, healthy_days, incidents
from tests.benchmarks.trade_off import show

SEED = 20260111
CHUNK = 500
WITHIN = 40
"""An incident counts as found within so many minutes."""
RULES: dict[str, Rule] = {"ours": ours(), "Prometheus": prometheus(), "Argo": argo(), "Flagger": flagger()}
RATES = (0.05, 0.2, 0.5, 1, 5, 50)
FALSE_LIMIT = {0.005: 0.001, 0.05: 0.001, 0.08: 0.01}
"""False rollbacks a service-day that our rule may give at a true error rate."""
INCIDENTS = [*[(rate, error) for error in (0.2, 0.3) for rate in RATES], *[(rate, 0.15) for rate in (0.5, 1, 5, 50)]]
LATEST = 6
"""Minutes of median delay that are promised: one more than the `for` span."""
THIN = 0.05
"""Requests a second of which the data cannot tell."""
CLEAR_LIMIT = 0.001
"""Share of an incident's minutes in thin traffic in which our rule may say clear."""


@dataclass(frozen=True)
class Found:
    """What a rule made of a cell of incidents: share found, median delay in minutes."""

    share: float
    median: float

    def __str__(self) -> str:
        return f"{self.share:.1%}, {self.median:.0f}" if self.share else "0 %"


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
    return Found(share, float(np.median(delays)) if len(delays) else float("inf"))


def false_misses(error: float, falses: dict[str, float], days: int) -> bool:
    """Whether our rule is wrong more often than it may be, or than the best of the others."""
    return falses["ours"] > max(FALSE_LIMIT[error], 1 / days) or falses["ours"] > min(falses.values())


def incident_misses(rate: float, error: float, result: Found) -> bool:
    """Whether our rule misses its target for incidents."""
    soon = (error >= 0.2 and rate >= 1) or (error >= 0.15 and rate >= 5)
    if soon:
        return result.share < 0.99 or result.median > LATEST
    return error >= 0.15 and rate >= 1 and result.share < 0.99


def later_than(results: dict[str, Found], falses: dict[str, float]) -> list[str]:
    """The rules that are sooner than ours at the median although they are not wrong more often."""
    return [name for name in RULES if falses[name] <= falses["ours"] and results[name].median < results["ours"].median]


def clear_in_thin_traffic(services: int) -> float:
    """The share of the minutes of incidents of 20 %, from the span on, in which our rule says clear."""
    minutes = incidents(np.random.default_rng([SEED, 5]), services, THIN, 0.2, dip=False)
    return float(clear(minutes)[:, BEFORE + LATEST - 1 :].mean())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=10_000, help="healthy service-days a cell")
    parser.add_argument("--incidents", type=int, default=2000, help="incidents a cell")
    parser.add_argument("--chart", type=Path, help="draw the trade-off into this .svg or .png file")
    sizes = parser.parse_args()
    missed: list[str] = []
    falses = {(rate, error): false_rollbacks(rate, error, sizes.days) for error in FALSE_LIMIT for rate in RATES}
    missed += [
        f"false rollbacks at {cell}" for cell, rates in falses.items() if false_misses(cell[1], rates, sizes.days)
    ]
    _print(RULES, ((cell, [f"{share:.4f}" for share in rates.values()]) for cell, rates in falses.items()))
    rows = []
    for rate, error in INCIDENTS:
        plain, dipped = (found(rate, error, sizes.incidents, dip=dip) for dip in (False, True))
        missed += [f"incidents at {rate, error}"] * incident_misses(rate, error, plain["ours"])
        missed += [f"incidents with a dip at {rate, error}"] * (rate >= 1 and dipped["ours"].share < 0.99)
        for true_rate in FALSE_LIMIT:
            sooner = later_than(plain, falses[rate, true_rate])
            missed += [f"{name} is sooner at {rate, error} and not wrong more often" for name in sooner]
        rows.append(((rate, error), [str(each[name]) for name in RULES for each in (plain, dipped)]))
    _print([f"{name}{dip}" for name in RULES for dip in ("", ", dip")], rows)
    thin = clear_in_thin_traffic(sizes.incidents)
    missed += ["clear in thin traffic"] * (thin > CLEAR_LIMIT)
    sys.stdout.write(f"Incidents of 20 % at {THIN} requests/s: clear in {thin:.3%} of their minutes.\n\n")
    missed += show(sizes.days, sizes.incidents, sizes.chart)
    sys.stderr.writelines(f"MISSED: {each}\n" for each in missed)
    return 1 if missed else 0


def _print(names: Iterable[str], rows: Iterable[tuple[tuple[float, float], Sequence[str]]]) -> None:
    heads = ["requests/s", "true rate", *names]
    lines = [heads, ["---"] * len(heads), *([f"{rate:g}", f"{error:.1%}", *cells] for (rate, error), cells in rows)]
    sys.stdout.write("\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
