"""What a step of the rollback is made of: actions that can say what they would do, and do it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from checks.outcome import Verdict
from checks.rollback.notification import Notification


class StepError(Exception):
    """A step did not do what it says; the text says why, and what is as it was."""


@dataclass(frozen=True)
class Planned:
    """What an action would do, and why it could not; nothing was changed to find out."""

    would: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class SmokeTested:
    """What the smoke tests found, and where their report lies."""

    verdict: Verdict
    folder: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Surroundings:
    """What all actions know. `root` is the checklist's folder, where relative paths start."""

    root: Path
    environment: Mapping[str, str]
    previous: str | None
    identity: str = "/healthz"
    notify: Notification | None = None
    notify_problem: str | None = None


@dataclass(frozen=True)
class Work:
    """What an action is given when it acts.

    rollback_id  names this rollback; files that are put aside carry it
    timeout_s    for each wait and each program
    note         tells the journal one line
    keep         keeps bytes as evidence, under a name
    smoke        runs stages of the checklist against the version before, with the evidence beside the journal
    stop         set when the rollback shall stop
    """

    rollback_id: str
    timeout_s: float
    note: Callable[[str], None]
    keep: Callable[[str, bytes], None]
    smoke: Callable[[Sequence[str]], SmokeTested]
    stop: threading.Event = field(default_factory=threading.Event)

    def check_wanted(self) -> None:
        """Raise StepError where the rollback shall stop."""
        if self.stop.is_set():
            raise StepError("interrupted")


class Action(Protocol):
    """One thing that a step does. Doing it again after it was done, or half done, ends in the same state."""

    def plan(self) -> Planned:
        """Say what would be done, and what is missing for it; changes nothing."""

    def perform(self, work: Work) -> None:
        """Do it and verify that it is done; raises StepError."""
