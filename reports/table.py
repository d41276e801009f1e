"""The checks of a run as CSV, for spreadsheets."""

from __future__ import annotations

import csv
import io

from checks import verdict
from checks.outcome import Result, RunRecord, Verdict
from checks.signing.gate import Decision
from reports.escaping import plain
from reports.observations import expected_lines, observed_lines

COLUMNS = (
    "id", "title", "stage", "status", "raw_status", "required", "trial", "kind", "lines", "expected", "observed",
    "reason", "remedy", "runbook", "started_at", "duration_ms", "attempts", "evidence", "overridden",
)  # fmt: skip

_FORMULA = ("=", "+", "-", "@", "'")


def render(record: RunRecord, decision: Decision | None = None) -> str:
    """A header and a row a check, in the record's order; no cell holds a line end, none starts a formula.

    `overridden` says of a check whether a release goes in spite of it, by an override that a gate has let count.
    """
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(COLUMNS)
    overridden = decision is not None and decision.override is not None
    table.writerows(_row(result, overridden) for result in record.checks)
    return written.getvalue()


def cell(text: str) -> str:
    """One line; what a spreadsheet would take for a formula gets an apostrophe before it.

    >>> cell("=1+1"), cell("plain")
    ("'=1+1", 'plain')
    """
    line = plain(text)
    return f"'{line}" if line.startswith(_FORMULA) else line


def _row(result: Result, overridden: bool) -> list[str]:
    texts = [
        result.id,
        result.title,
        result.stage,
        result.status.value,
        "" if result.raw_status is None else result.raw_status.value,
        "true" if result.required else "false",
        "true" if result.trial else "false",
        result.kind or "",
        " ".join(str(each.line) for each in result.covers),
        "; ".join(expected_lines(result)),
        "; ".join(observed_lines(result)),
        result.reason,
        result.remedy,
        result.runbook or "",
        "" if result.started_at is None else result.started_at.isoformat(),
        f"{result.duration_ms:.1f}",
        str(len(result.attempts)),
        " ".join(each.path for each in result.evidence),
        "true" if overridden and verdict.of_result(result) in {Verdict.HOLD, Verdict.NO_GO} else "false",
    ]
    return [cell(text) for text in texts]
