"""The matrix of a drill, faults by checks, and the same turned round: what has failed each check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from checks.drill.outcome import DrillRecord, FaultRecord
from checks.outcome import Status

CAUGHT, ELSEWHERE, ALARM, QUIET, UNSEEN = "●", "○", "▲", "·", " "
"""Caught by the check that is named, failed beside it, false alarm, quiet, not looked at."""
WORDS = {
    "caught": "✅ caught",
    "caught_elsewhere": "🟠 caught by another",
    "missed": "❌ missed",
    "not_possible": "➖ not possible here",
    "not_run": "⏸ not run",
}


@dataclass(frozen=True)
class Matrix:
    """The faults of one site, and the checks that they were looked at with; rows of one check share a column."""

    site: str
    checks: tuple[str, ...]
    rows: tuple[tuple[FaultRecord, tuple[str, ...]], ...]


def matrices_of(record: DrillRecord) -> tuple[Matrix, ...]:
    """One matrix a site, in the order of the faults; columns that are quiet throughout are left out."""
    found = []
    for site in dict.fromkeys(fault.site for fault in record.faults if fault.looked_at):
        faults = [fault for fault in record.faults if fault.site == site and fault.looked_at]
        names = dict.fromkeys(base(check.id) for fault in faults for check in fault.looked_at)
        failed = {base(name) for fault in faults for name in fault.failed}
        columns = tuple(name for name in names if name in failed)
        found.append(Matrix(site, columns, tuple((fault, _cells(fault, columns)) for fault in faults)))
    return tuple(found)


def base(check: str) -> str:
    """The id without its row."""
    return check.partition("[")[0]


def _cells(fault: FaultRecord, columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(_cell(fault, column) for column in columns)


def _cell(fault: FaultRecord, column: str) -> str:
    seen = [check for check in fault.looked_at if base(check.id) == column]
    if any(check.id in fault.unexpected for check in seen):
        return ALARM
    failed = [check.id for check in seen if check.id in fault.failed]
    if any(name in fault.expected for name in failed):
        return CAUGHT
    if failed:
        return ELSEWHERE
    return QUIET if any(check.status is not Status.BLOCKED for check in seen) else UNSEEN


def turned(record: DrillRecord) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each check that has failed, with the faults that failed it, those that it was named for first."""
    found: dict[str, list[str]] = {}
    for fault in record.faults:
        for name in fault.failed:
            own = found.setdefault(name, [])
            own.insert(0, fault.id) if name in fault.expected else own.append(fault.id)
    return tuple((name, tuple(faults)) for name, faults in sorted(found.items()))


BY_HAND = "no command: a person ticks it"
CONCLUSIONS = {True: "ticked", False: "not ticked"}


@dataclass(frozen=True)
class Beside:
    """One trap of the original page: what its own lines conclude, and what ours do."""

    trap: int
    fault: FaultRecord
    page: str
    ours: str


def side_by_side(record: DrillRecord) -> tuple[Beside, ...]:
    """Every trap that a fault of this drill stands for, in the order of their numbers."""
    pairs = [(trap, fault) for fault in record.faults for trap in fault.traps]
    return tuple(
        Beside(trap, fault, _by_the_page(fault), _by_us(fault))
        for trap, fault in sorted(pairs, key=lambda pair: pair[0])
    )


def _by_the_page(fault: FaultRecord) -> str:
    if fault.state == "not_possible":
        return "–"
    if fault.page is None:
        return BY_HAND
    return f"line {fault.page.line}: {CONCLUSIONS[fault.page.is_ticked]}; it printed: {fault.page.said or '(nothing)'}"


def _by_us(fault: FaultRecord) -> str:
    if fault.state == "not_possible":
        return f"not possible here: {fault.why}"
    return f"{WORDS[fault.state]} by {', '.join(fault.expected)}" if fault.expected else WORDS[fault.state]


def counts(record: DrillRecord) -> str:
    """How many faults ended how, in words."""
    states = [fault.state for fault in record.faults]
    return " · ".join(f"{WORDS[state]} {states.count(state)}" for state in WORDS if state in states)
