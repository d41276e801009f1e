"""The vocabulary of a run: statuses, verdicts, what a kind observed, and the record that becomes verdict.json.

Sources: design §2 (statuses, effect on the verdict) and §4 (keys of verdict.json, schema_version 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Status(StrEnum):
    """How one check ended (design §2)."""

    PASS = "pass"  # noqa: S105 - a status
    WARN = "warn"
    FAIL = "fail"
    NO_DATA = "no_data"
    ERROR = "error"
    PENDING = "pending"
    BLOCKED = "blocked"
    WAIVED = "waived"
    NOT_SELECTED = "not_selected"
    NOT_APPLICABLE = "not_applicable"
    SCHEDULED = "scheduled"

    @property
    def meets_a_need(self) -> bool:
        """Whether a check that needs this one may run (design §2)."""
        return self in {Status.PASS, Status.WARN, Status.WAIVED}

    @property
    def holds(self) -> bool:
        """Whether this status of a required check keeps the verdict at HOLD."""
        return self in {Status.NO_DATA, Status.ERROR, Status.PENDING, Status.BLOCKED}


class Verdict(StrEnum):
    """What the evidence of a run says. Worst wins: NO-GO, then HOLD, then GO."""

    GO = "GO"
    HOLD = "HOLD"
    NO_GO = "NO-GO"


@dataclass(frozen=True)
class Evidence:
    """Bytes that a kind leaves as proof, before the engine redacts and stores them.

    `name` is a file name inside the check's evidence folder, such as `response.json`.
    """

    name: str
    content: bytes


@dataclass(frozen=True)
class Observation:
    """What a kind saw.

    `properties` maps each observed property to a JSON value or a `checks.units.Quantity`; the engine judges them by
    the check's `expect` and `prefer`. A kind sets `status` only where there is nothing to compare: the target refused
    (`FAIL`), there was too little (`NO_DATA`), the check could not run (`ERROR`), a person is awaited (`PENDING`).
    """

    properties: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    status: Status | None = None
    reason: str = ""
    remedy: str = ""


def failed(reason: str, *evidence: Evidence, remedy: str = "", **properties: Any) -> Observation:
    """The target refused, reset or answered wrongly."""
    return Observation(properties, evidence, Status.FAIL, reason, remedy)


def no_data(reason: str, *evidence: Evidence, remedy: str = "", **properties: Any) -> Observation:
    """There is nothing, or too little, to judge by."""
    return Observation(properties, evidence, Status.NO_DATA, reason, remedy)


def error(reason: str, *evidence: Evidence, remedy: str = "", **properties: Any) -> Observation:
    """The check itself could not run."""
    return Observation(properties, evidence, Status.ERROR, reason, remedy)


class Record(BaseModel):
    """Base of everything that verdict.json holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Covered(Record):
    """A line of the page that a check mechanises."""

    line: int = Field(ge=1)
    text: str = Field(min_length=1)


class EvidenceFile(Record):
    """A stored piece of evidence; `path` is relative to the run's folder."""

    name: str
    path: str
    sha256: str
    bytes: int


class Attempt(Record):
    """One execution of a check: a first try, a retry, or a round of `repeat`."""

    status: Status
    reason: str
    started_at: datetime
    duration_ms: float
    observed: dict[str, Any] = Field(default_factory=dict)


class Earlier(Record):
    """A result that a later one of the same check took the place of, and why the check was looked at again."""

    status: Status
    reason: str
    attempts: tuple[Attempt, ...]
    started_at: datetime | None
    duration_ms: float
    evidence: tuple[EvidenceFile, ...]
    because: str


class Result(Record):
    """How one check ended, and why; `earlier` are the results that it took the place of, the oldest first.

    `due_at` is when one that is scheduled is due, None where that is not known yet.
    """

    id: str
    title: str
    stage: str
    covers: tuple[Covered, ...] = ()
    kind: str | None
    status: Status
    raw_status: Status | None = None
    required: bool
    trial: bool = False
    expected: dict[str, str] = Field(default_factory=dict)
    observed: dict[str, Any] = Field(default_factory=dict)
    reason: str = ""
    remedy: str = ""
    why: str = ""
    runbook: str | None = None
    parts: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    started_at: datetime | None = None
    duration_ms: float = 0.0
    waiver: dict[str, str] | None = None
    evidence: tuple[EvidenceFile, ...] = ()
    earlier: tuple[Earlier, ...] = ()
    due_at: datetime | None = None

    @property
    def whole_evidence(self) -> tuple[EvidenceFile, ...]:
        """Its evidence, and that of the results that it took the place of."""
        return (*self.evidence, *(file for before in self.earlier for file in before.evidence))


CriterionState = Literal["clear", "breached", "unknown"]
Severity = Literal["rollback", "warn"]


class StateChange(Record):
    """A criterion came to stand so at a time."""

    at: datetime
    state: CriterionState


class Criterion(Record):
    """Where one rollback criterion stands (design §6)."""

    id: str
    title: str
    covers: tuple[Covered, ...] = ()
    state: CriterionState
    measure: str
    observed: float | None
    ci: tuple[float, float] | None = None
    threshold: float | None = None
    expected: str
    for_s: float
    samples: int
    breached_since: datetime | None = None
    history: tuple[StateChange, ...] = ()
    reason: str
    runbook: str | None = None
    severity: Severity = "rollback"


class ProcedureStep(Record):
    """One step of the rollback procedure as the run saw it: present as data, and gone through without acting."""

    id: str
    title: str
    covers: tuple[Covered, ...] = ()
    state: Literal["ready", "not_ready"]
    dry_run: tuple[str, ...]
    reason: str = ""


class ApprovalState(Record):
    """A signature that the release awaits, within `deadline_s` of the run's end; a run never fills one in.

    `scope` names the stages and checks that the role vouches for; none means all.
    """

    role: str
    title: str
    covers: tuple[Covered, ...] = ()
    scope: tuple[str, ...] = ()
    deadline_s: float | None = None
    state: Literal["awaiting"] = "awaiting"


class Rerun(Record):
    """Somebody's wish that checks be looked at again."""

    checks: tuple[str, ...]
    reason: str
    by: str
    at: datetime


class StageRecord(Record):
    """A stage and the verdict of its own checks."""

    id: str
    title: str
    section: str
    verdict: Verdict | None
    after: str | None = None


class ChecklistRecord(Record):
    """Which checklist was run; `path` is relative to the run's folder."""

    path: str
    sha256: str
    version: str


class TargetRecord(Record):
    """What the target says it is."""

    url: str | None
    version: str | None
    build: str | None
    instances: tuple[str, ...]
    synthetic: Literal["none", "some", "all", "unknown"]


class RunnerRecord(Record):
    """What the run was made with."""

    signoff: str
    python: str
    platform: str
    git_commit: str | None
    git_dirty: bool | None


class ReleaseRecord(Record):
    """The release under test."""

    name: str
    version: str
    epic: str | None = None
    build: str | None = None
    previous: str | None = None


class RunRecord(Record):
    """verdict.json: the one truth that every report is a view of."""

    schema_version: Literal[1] = 1
    run_id: str
    nonce: str
    verdict: Verdict
    reasons: tuple[str, ...]
    scope: Literal["full", "partial"]
    reference: bool
    checklist: ChecklistRecord
    release: ReleaseRecord
    profile: str | None
    profile_values: dict[str, str | int | float | bool]
    started_at: datetime
    finished_at: datetime
    interrupted: bool
    counts: dict[Status, int]
    stages: tuple[StageRecord, ...]
    checks: tuple[Result, ...]
    criteria: tuple[Criterion, ...]
    procedure: tuple[ProcedureStep, ...]
    approvals: tuple[ApprovalState, ...]
    findings: tuple[str, ...] = ()
    reruns: tuple[Rerun, ...] = ()
    target: TargetRecord
    runner: RunnerRecord
