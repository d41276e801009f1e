"""What a check expected and what it saw, each as short lines: only what was expected, the evidence has the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from checks.observed import ABSENT, look_up
from checks.outcome import Result, RunRecord, Status
from reports.values import worded

MOST_PARTS = 40
MOST_PROPERTIES = 4
SOLE_PROPERTIES = frozenset({"value", "answer"})
"""Properties that are the whole of what their kinds observe, so that their names say nothing."""
_ROW = re.compile(r"\[.*\]$", re.DOTALL)


def expected_lines(result: Result) -> list[str]:
    """Each property with what it was expected to be, as in `passed: at least 217`."""
    return [_named(name, expectation) for name, expectation in result.expected.items()]


def observed_lines(result: Result) -> list[str]:
    """Each expected property with what was seen; of a check that expects nothing, its first few single values."""
    if not result.observed or result.parts:
        return []
    if not result.expected:
        single = [name for name, value in result.observed.items() if isinstance(value, (str, int, float))]
        return [_named(name, worded(result.observed[name])) for name in single[:MOST_PROPERTIES]]
    return [_named(name, _seen(result, name)) for name in result.expected]


def _seen(result: Result, name: str) -> str:
    found = look_up(result.observed, name)
    return "absent" if found is ABSENT else worded(found)


def _named(name: str, words: str) -> str:
    return words if name in SOLE_PROPERTIES else f"{name}: {words}"


@dataclass(frozen=True)
class Part:
    """A part of a rollup and how it ended; None where the record does not have it."""

    id: str
    status: Status | None


def parts_of(result: Result, record: RunRecord) -> list[Part]:
    """The parts of a rollup as they are in the record; the name of an `each` stands for all its rows."""
    if not result.parts:
        return []
    found: dict[str, Part] = {}
    for name in result.parts:
        rows = [each for each in record.checks if each.id == name or _ROW.sub("", each.id) == name]
        for row in rows:
            found.setdefault(row.id, Part(row.id, row.status))
        if not rows:
            found.setdefault(name, Part(name, None))
    return list(found.values())


def waiver_line(waiver: Mapping[str, str]) -> str:
    """Who waived a result, until when and why."""
    told = f"waiver {waiver.get('id', '')} by {waiver.get('approver', '')} until {worded(waiver.get('expires'))}"
    asked = ", ".join(waiver[name] for name in ("owner", "ticket") if waiver.get(name))
    return f"{told}, asked for by {asked}: {waiver.get('reason', '')}"


def figures(observed: Mapping[str, object]) -> str:
    """What one round saw, in a line."""
    return ", ".join(_named(name, worded(value)) for name, value in observed.items())
