"""What broken references were seen to be, by the checks that noticed: recorded while the drill injects its faults.

`python -m tests.checks.recorded_broken [FAULT...]` drills, for some minutes, and records anew.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from checks.drill import looking
from checks.drill.catalogue import chosen
from checks.drill.drill import DrillRequest, conduct_drill
from checks.judging import judge
from checks.outcome import Observation, RunRecord, Status
from checks.run import conduct
from tests.checks.recorded import ROOT, Observed, record, restored, shipped

BROKEN = Path(__file__).parent / "observed" / "broken.json"
MOST_OF_A_CHECK = 4
"""Different observations of one check that are kept."""

Seen = dict[str, dict[str, Observed]]


def broken() -> dict[str, list[Observed]]:
    """By check what was seen of it under faults that it noticed."""
    recorded: Seen = json.loads(BROKEN.read_text())
    return {name: [restored(seen) for seen in of.values()] for name, of in recorded.items()}


def main(ids: Iterable[str]) -> None:
    """Drill, and write what was noticed."""
    found: Seen = {}
    checks = {check.id: check for check in shipped()}
    fault = ""

    def conducted(*arguments: Any) -> tuple[Any, RunRecord]:
        folder, run = conduct(*arguments)
        for name, seen in record(run).items():
            of = found.setdefault(name, {})
            here = str(ROOT) in json.dumps(seen)
            noticed = judge(checks[name], Observation(restored(seen)))[0] is not Status.PASS
            if (
                noticed
                and seen.keys() >= {*checks[name].expect}
                and not here
                and seen not in of.values()
                and len(of) < MOST_OF_A_CHECK
            ):
                of[fault] = seen
        return folder, run

    def told(event: Any) -> None:
        nonlocal fault
        fault = event.facts.get("fault", fault)
        sys.stderr.write(f"{event.name} {event.facts}\n")

    faults = tuple(
        each for each in chosen([*ids], []) if each.site not in {"release", "original", "procedure", "criteria"}
    )
    program = Path(sys.executable).parent / "image-proxy"
    asked = DrillRequest(ROOT / "checklist.yaml", faults, healthy_runs=0, program=program)
    try:
        with patch.object(looking, "conduct", conducted):
            conduct_drill(asked, told, threading.Event())
    finally:
        kept = {name: of for name, of in found.items() if of}
        BROKEN.write_text(json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
