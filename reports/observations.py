"""What a check expected and what it saw, each as short lines: only what was expected, the evidence has the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from checks.observed import ABSENT, look_up
from checks.outcome import Result, RunRecord, Status
from reports.values import worded

MOST_PARTS = 40
MOST_PROPERTIES = 4
SOLE_PROPERTIES = frozenset({"value", "answer"})
"""Properties whose names say nothing where they are the only ones."""


def expected_lines(result: Result) -> list[str]:
    """Each property with what it was expected to be, as in `passed: at least 217`."""
    return _named(result.expected)


def observed_lines(result: Result) -> list[str]:
    """Each expected property with what was seen; of a check that expects nothing, its first few single values."""
    if not result.observed or result.parts:
        return []
    if result.expected:
        return _named({name: _seen(result, name) for name in result.expected})
    single = {name: worded(value) for name, value in result.observed.items() if isinstance(value, (str, int, float))}
    return _named(dict(list(single.items())[:MOST_PROPERTIES]))


def _seen(result: Result, name: str) -> str:
    found = look_up(result.observed, name)
    return "absent" if found is ABSENT else worded(found)


def _named(words: Mapping[str, str]) -> list[str]:
    if len(words) == 1 and SOLE_PROPERTIES.issuperset(words):
        return list(words.values())
    return [f"{name}: {said}" for name, said in words.items()]


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
        rows = [each for each in record.checks if name in (each.id, each.id.partition("[")[0])]
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
    """What one round saw, in a line; what it could not know is left out."""
    return ", ".join(_named({name: worded(value) for name, value in observed.items() if value is not None}))
