"""Another environment's bundle, as a release needs it that follows there: the same build, GO at its gate, fresh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from checks.approval import Requirement
from checks.outcome import RunRecord, Verdict


@dataclass(frozen=True)
class RequirementState:
    """Where one required environment stands: GO where it is as required, and `reason` why it is not."""

    environment: str
    state: Verdict
    reason: str
    run_id: str | None = None


@dataclass(frozen=True)
class Followed:
    """The other environment's run, which is GO at its gate, and the roles that approved there."""

    record: RunRecord
    approved: frozenset[str]


def awaiting(requirement: Requirement) -> RequirementState:
    """The state of an environment whose bundle was not given."""
    name = requirement.environment
    reason = f"its signed bundle is awaited; name it with --bundle {name}=FILE"
    return RequirementState(name, Verdict.HOLD, reason)


def refused(requirement: Requirement, decision: str, reasons: Sequence[str]) -> RequirementState:
    """The state of an environment whose run is not GO at its gate; an override there does not carry over."""
    state = Verdict.NO_GO if decision == Verdict.NO_GO else Verdict.HOLD
    return RequirementState(requirement.environment, state, f"its gate says {decision}: {'; '.join(reasons)}")


def judge(requirement: Requirement, here: RunRecord, there: Followed, now: datetime) -> RequirementState:
    """Whether another environment's run is what this one's checklist requires."""
    state, reason = _judged(requirement, here, there, now)
    return RequirementState(requirement.environment, state, reason, there.record.run_id)


def _judged(requirement: Requirement, here: RunRecord, there: Followed, now: datetime) -> tuple[Verdict, str]:
    record = there.record
    if record.profile != requirement.environment:
        return Verdict.HOLD, f"its bundle is of a run under the profile {record.profile!r}; name another bundle"
    if (record.release.name, record.release.version) != (here.release.name, here.release.version):
        return Verdict.HOLD, f"its bundle is of {record.release.name} {record.release.version}; name another bundle"
    build, wanted = _build(record), _build(here)
    if build is None or wanted is None:
        where = "there" if build is None else "here"
        return Verdict.HOLD, f"the build {where} is not known; let the target report it, or give `release.build`"
    if build != wanted:
        return Verdict.NO_GO, f"the build there was {build!r}, and here it is {wanted!r}"
    age = (now - record.finished_at).total_seconds()
    if age > requirement.not_older_than:
        allowed = f"{requirement.not_older_than:.0f} s"
        return Verdict.HOLD, f"its run ended {age:.0f} s ago, and {allowed} are allowed; run the checklist there again"
    missing = [role for role in requirement.roles if role not in there.approved]
    if missing:
        return Verdict.HOLD, f"{', '.join(missing)} did not approve there"
    return Verdict.GO, f"GO at its gate, of the same build, {age:.0f} s ago"


def _build(record: RunRecord) -> str | None:
    return record.target.build or record.release.build
