"""Reports that a command writes: only one that the command has just written counts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from checks.check import Context
from checks.kinds.command import run, why_unusable
from checks.process import ProcessResult

CLOCK_SLACK_S = 2.0
"""Some file systems keep times to two seconds."""


def write_report(command: Sequence[str], report: Path, context: Context) -> tuple[ProcessResult, str | None]:
    """Run a command that writes a report; return its result, and why the report is not to be used if it is not.

    The report of an earlier run, or one copied into place with its old time, is not the command's.
    """
    before, begun = _written(report), time.time()
    result = run(command, context)
    problem = why_unusable(result, context.timeout_s)
    if problem is not None:
        return result, problem
    after = _written(report)
    if after is None:
        return result, f"{command[0]} ended with {result.exit_code} and wrote no report {report}"
    if after == before or after[0] / 1e9 < begun - CLOCK_SLACK_S:
        return result, f"old report: {command[0]} ended with {result.exit_code} and did not write {report}"
    return result, None


def _written(report: Path) -> tuple[int, int] | None:
    """What changes when a file is written anew: its time and its inode; None where there is no file."""
    try:
        found = report.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
