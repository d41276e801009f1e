"""How a run comes away from HOLD or NO-GO: for everything that keeps it there, the commands that can change it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from checks.outcome import Result, RunRecord, Status, Verdict
from checks.verdict import of_result
from checks.waiving import COVERED

USUAL_WAIVER = timedelta(days=14)
"""Until when the command that is shown for a waiver lets it count."""


@dataclass(frozen=True)
class WayOut:
    """One command, and what it is about: a check, a criterion, a step, or the run."""

    about: str
    way: Literal["rerun", "waive", "answer", "continue", "abandon"]
    command: str


def ways_out(record: RunRecord, run: str, now: datetime) -> tuple[WayOut, ...]:
    """The ways out of a run that is not GO, those of the weightiest first; `run` is its folder as commands name it."""
    if record.verdict is Verdict.GO:
        return ()
    return tuple(dict.fromkeys([*_of_checks(record, run, now), *_of_the_run(record, run)]))


def _of_checks(record: RunRecord, run: str, now: datetime) -> Iterator[WayOut]:
    held = [result for result in record.checks if of_result(result) in {Verdict.NO_GO, Verdict.HOLD}]
    for result in sorted(held, key=lambda each: each.status is not Status.FAIL):
        if result.status in COVERED:
            yield _way(result.id, "rerun", ["signoff", "rerun", run, result.id, "--reason", "what was mended"])
            yield _way(result.id, "waive", _waive(result, run, now))
        elif result.status is Status.PENDING and result.kind == "ask":
            yield _way(result.id, "answer", ["signoff", "continue", run])
        else:
            yield _way(result.id, "continue", ["signoff", "continue", run])


def _of_the_run(record: RunRecord, run: str) -> Iterator[WayOut]:
    unsure = [each.id for each in record.criteria if each.state != "clear"]
    unsure += [each.id for each in record.procedure if each.state == "not_ready"]
    if record.interrupted:
        unsure.append("the run")
    for about in unsure:
        yield _way(about, "continue", ["signoff", "continue", run])
    yield _way("the run", "abandon", ["signoff", "abandon", run, "--reason", "why it is given up"])


def _waive(result: Result, run: str, now: datetime) -> list[str]:
    said = ["--reason", "why the release can go without it", "--owner", "who mends it", "--approver", "who allows it"]
    return ["signoff", "waive", run, result.id, *said, "--expires", f"{now + USUAL_WAIVER:%Y-%m-%d}"]


def _way(about: str, way: Literal["rerun", "waive", "answer", "continue", "abandon"], argv: list[str]) -> WayOut:
    return WayOut(about, way, shlex.join(argv))
