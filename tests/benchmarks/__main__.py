"""`make bench`: every benchmark; exit code 1 where a limit is exceeded. Names as arguments run only those.

A benchmark whose peer cannot be had says so, and the others go on.
"""

import argparse
import importlib
import sys
import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from tests.benchmarks.ratio import Finding, UnavailableError

NAMES = (
    "commands",
    "reports",
    "engine",
    "proxy_hits",
    "cache_scale",
    "proxy_misses",
    "proxy_start",
    "proxy_crowd",
    "proxy_peers",
    "logs",
    "logs_lnav",
    "logs_json",
    "logs_growth",
    "logs_following",
)
"""The modules; each has `ratios()`."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}; all by default")
    names = parser.parse_args().names or list(NAMES)
    if unknown := set(names) - set(NAMES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    console, findings, left_out = Console(width=140), [], []
    for name in names:
        begun = time.monotonic()
        measure: Callable[[], list[Finding]] = importlib.import_module(f"tests.benchmarks.{name}").ratios
        try:
            findings += measure()
        except UnavailableError as reason:
            left_out.append(f"{name} is left out: {reason}")
        sys.stderr.write(f"{name}: {time.monotonic() - begun:.0f} s\n")
    table = Table("benchmark", "ours", "theirs", "judged", "limit", "")
    for finding in findings:
        table.add_row(finding.name, *finding.cells(), "ok" if finding.holds else "ABOVE")
    console.print(table)
    for line in left_out:
        console.print(line)
    return 0 if all(finding.holds for finding in findings) else 1


if __name__ == "__main__":
    raise SystemExit(main())
