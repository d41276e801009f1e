"""What a measure is compared with: a recorded value, or what the last GO run saw; and the windows kept for the next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from checks.check import Context
from checks.contents import UnreadableError, read_bounded
from checks.outcome import Evidence
from checks.query import parse_json

if TYPE_CHECKING:
    from checks.metrics.table import WindowTable

WINDOWS = "windows.parquet"
"""The evidence that holds the windows of a measure."""
MAX_BYTES = 16 << 20
"""Windows beyond this are not kept: those of a year of one instance are smaller."""


class Compared(NamedTuple):
    """A value to compare with, and the run that it is of; nothing where there is no baseline."""

    value: float | None = None
    run: str | None = None


class NoBaselineError(Exception):
    """There is nothing to compare with."""

    remedy = "record the baseline before the release is deployed"


class _NoKeptWindowsError(NoBaselineError):
    remedy = "keep the runs beside each other, and bring one without `baseline: last-go` to GO first"


def recorded(file: str, measure: str, context: Context) -> float:
    """The value of a measure in a JSON file, in the measure's own unit; raises NoBaselineError."""
    try:
        content = parse_json(read_bounded(context.path(file)))
    except (UnreadableError, ValueError) as problem:
        raise NoBaselineError(f"no baseline in {file}: {problem}") from problem
    value = content.get(measure) if isinstance(content, dict) else None
    if not isinstance(value, (int, float)) or isinstance(value, bool) or value <= 0:
        raise NoBaselineError(f"{file} records no {measure} above zero")
    return float(value)


def of_last_go(check_id: str, context: Context) -> tuple[WindowTable, str]:
    """The windows that the last GO run kept of a check, and that run's id; raises NoBaselineError."""
    from checks.last_go import NoLastGoError
    from checks.metrics.errors import LogSourceError
    from checks.metrics.window_file import read_window_file

    if context.lineage is None:
        raise _NoKeptWindowsError("no earlier run is known here")
    try:
        run, record = context.lineage.last_go
        evidence = [each for result in record.checks if result.id == check_id for each in result.evidence]
        kept = next((each for each in evidence if each.name == WINDOWS), None)
        if kept is None:
            raise _NoKeptWindowsError(f"the last GO run, {run.name}, kept no windows of {check_id}")
        return read_window_file(run / kept.path), record.run_id
    except (NoLastGoError, LogSourceError) as problem:
        raise _NoKeptWindowsError(str(problem)) from problem


def windows_to_keep(table: WindowTable, scratch: Path) -> tuple[Evidence, ...]:
    """The windows as evidence, for later runs to compare with; nothing where they are too large."""
    from checks.metrics.window_file import write_window_file

    path = scratch / WINDOWS
    write_window_file(table, path)
    return () if path.stat().st_size > MAX_BYTES else (Evidence(WINDOWS, path.read_bytes()),)
