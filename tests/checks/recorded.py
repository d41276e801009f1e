"""What a healthy reference was seen to be by the checklist that ships: each value that an expectation is of.

`python -m tests.checks.recorded RUN` records them anew from the folder of a whole GO run against the reference.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from checks.binding import bind
from checks.check import Check
from checks.comparators import Equals
from checks.expectation import Expectation
from checks.loading import load
from checks.observed import ABSENT, UNITS, look_up
from checks.outcome import RunRecord
from checks.record_file import read_record
from checks.units import Quantity

ROOT = Path(__file__).parents[2]
HEALTHY = Path(__file__).parent / "observed" / "healthy.json"
_DIMENSIONS = {unit: dimension for dimension, unit in UNITS.items()}

Observed = dict[str, Any]


def shipped() -> Iterator[Check]:
    """The checks of the checklist that ships that expect something, under the profile of the reference."""
    loaded = load(ROOT / "checklist.yaml", profile="reference", environ={})
    for entry in loaded.entries:
        check, _ = bind(loaded, entry, loaded.names, lenient=True)
        if check is not None and check.expect:
            yield check


def healthy() -> dict[str, Observed]:
    """By check and expectation what was seen."""
    recorded: dict[str, Observed] = json.loads(HEALTHY.read_text())
    return {name: restored(seen) for name, seen in recorded.items()}


def restored(seen: Observed) -> Observed:
    """What a record has, as kinds give it."""
    return {name: _restored(value) for name, value in seen.items()}


def record(run: RunRecord) -> dict[str, Observed]:
    """What a run saw of each expectation, as JSON; what is scheduled was not looked at and is left out."""
    results = {result.id: result for result in run.checks if result.attempts}
    return {
        check.id: {
            name: _anywhere(value, expectation)
            for name, expectation in (*check.expect.items(), *check.prefer.items())
            if (value := look_up(results[check.id].observed, name)) is not ABSENT
        }
        for check in shipped()
        if check.id in results
    }


def _anywhere(value: Any, expectation: Expectation) -> Any:
    """A value that equalled one of the run's own names, such as a path of its target, as that name."""
    for comparator in expectation.comparators:
        if isinstance(comparator, Equals) and "${" in str(comparator.operand):
            return comparator.operand
    return value


def _restored(value: Any) -> Any:
    """A quantity as kinds give it, from how a record has it."""
    if isinstance(value, dict) and value.keys() == {"value", "unit"} and value["unit"] in _DIMENSIONS:
        return Quantity(value["value"], _DIMENSIONS[value["unit"]])
    return value


if __name__ == "__main__":
    found = record(read_record(Path(sys.argv[1])))
    HEALTHY.write_text(json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
