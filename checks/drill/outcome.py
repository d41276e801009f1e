"""What a drill found: the record that `drill --json` prints and every view is made of (design §8)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from checks.drill.fault import Family, Site
from checks.outcome import Record, Status

State = Literal["caught", "caught_elsewhere", "missed", "not_possible", "not_run"]


class SeenCheck(Record):
    """A check as one drill saw it."""

    id: str
    status: Status
    reason: str = ""


class PageSeen(Record):
    """What the original page's own shell lines showed of a fault, and what their reader concludes."""

    name: str
    line: int
    said: str
    is_ticked: bool


class FaultRecord(Record):
    """One fault: what was expected to notice it, and what did."""

    id: str
    family: Family
    site: Site
    breaks: str
    how: str
    traps: tuple[int, ...] = ()
    state: State
    expected: tuple[str, ...] = ()
    failed: tuple[str, ...] = Field(default=(), description="Ids of the checks that did not pass.")
    unexpected: tuple[str, ...] = Field(default=(), description="Those that had no reason to: false alarms.")
    why: str = ""
    looked_at: tuple[SeenCheck, ...] = ()
    page: PageSeen | None = None
    duration_s: float = 0.0


class HealthyRun(Record):
    """A run with nothing broken."""

    site: Site
    seed: int
    looked_at: tuple[SeenCheck, ...]
    alarms: tuple[str, ...]
    duration_s: float


class Alarm(Record):
    """A check that did not pass without a reason."""

    where: str = Field(description="A fault's id, or healthy:SITE:SEED.")
    check: str
    reason: str


class DrillRecord(Record):
    """A whole drill."""

    schema_version: Literal[1] = 1
    checklist: str
    faults: tuple[FaultRecord, ...]
    false_alarms: int
    alarms: tuple[Alarm, ...]
    """The false alarms, one by one."""
    healthy_runs: int
    healthy: tuple[HealthyRun, ...]
    checks_never_failed: tuple[str, ...]
    interrupted: bool
    started_at: datetime
    duration_s: float
    problem: str = ""

    @property
    def missed(self) -> tuple[FaultRecord, ...]:
        """Faults that the named checks did not notice."""
        return tuple(fault for fault in self.faults if fault.state in {"missed", "caught_elsewhere"})

    @property
    def caught(self) -> tuple[FaultRecord, ...]:
        """Faults that they did notice."""
        return tuple(fault for fault in self.faults if fault.state == "caught")
