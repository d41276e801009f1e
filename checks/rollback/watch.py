"""Round after round: each is recorded and shown, and a command is run once when one says ROLLBACK."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from checks.rollback.rounds import Round


@dataclass(frozen=True)
class Schedule:
    """A round every so many seconds; the watch ends after `lasts_s` seconds, or never where that is None."""

    every_s: float
    lasts_s: float | None


def watch(
    schedule: Schedule,
    look: Callable[[datetime], Round],
    seen: Callable[[Round], None],
    clock: Callable[[], datetime],
    stop: threading.Event,
) -> Round:
    """Look, and look again until the time is over, a round says ROLLBACK or `stop` is set; returns the last round.

    Nothing but the last round is kept. `seen` is told of every round.
    """
    began = clock()
    while True:
        at = clock()
        found = look(at)
        seen(found)
        passed = (clock() - began).total_seconds()
        left = None if schedule.lasts_s is None else schedule.lasts_s - passed
        if found.verdict == "ROLLBACK" or (left is not None and left <= 0):
            return found
        next_in = schedule.every_s - passed % schedule.every_s
        if stop.wait(next_in if left is None else min(next_in, left)):
            return found
