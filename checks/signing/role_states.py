"""Where each role stands: approved, rejected, awaiting, or signed in a way that does not count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from checks.approval import Approval
from checks.outcome import RunRecord
from checks.signing.inventory import Inventory
from checks.signing.signatures import SignedApproval, SignedOverride
from checks.signing.signed_file import CLOCK_SKEW
from checks.signing.terms import may_be_one

State = Literal["approved", "rejected", "awaiting", "invalid"]


@dataclass(frozen=True)
class RoleState:
    """Where one role stands; `reason` says why a signature does not count, or that its deadline has passed."""

    role: str
    state: State
    principal: str | None = None
    fingerprint: str | None = None
    at: datetime | None = None
    comment: str | None = None
    reason: str = ""
    deadline: datetime | None = None


@dataclass(frozen=True)
class Case:
    """What signatures are judged against; `record` is None where verdict.json is not as signed."""

    record: RunRecord | None
    roles: Sequence[Approval]
    inventory: Inventory
    now: datetime

    def deadline(self, role: Approval) -> datetime | None:
        """Until when a role's signature has to be given; None where there is no end."""
        if self.record is None or role.deadline is None:
            return None
        return self.record.finished_at + timedelta(seconds=role.deadline)


def states_of(case: Case, signatures: Sequence[SignedApproval]) -> Iterator[RoleState]:
    """Each role's state; of several approvals the oldest that counts, and people are given to roles in that order."""
    filled: dict[str, tuple[Approval, SignedApproval]] = {}
    refused: dict[str, RoleState] = {}
    vetoed: dict[str, RoleState] = {}
    by_role = {role.role: role for role in case.roles}
    for each in signatures:
        role = by_role.get(each.role)
        if role is None:
            continue
        problem = _approval_problem(each, role, case)
        if problem is None and each.statement.predicate.decision == "reject":
            vetoed.setdefault(role.role, _state(each, role, case, "rejected"))
            continue
        problem = problem or _second_role(each, role, filled)
        if problem is not None:
            refused.setdefault(role.role, _state(each, role, case, "invalid", problem))
        else:
            filled.setdefault(role.role, (role, each))
    for role in case.roles:
        if role.role in vetoed:
            yield vetoed[role.role]
        elif role.role in filled:
            yield _state(filled[role.role][1], role, case, "approved")
        else:
            yield refused.get(role.role) or _awaiting(role, case)


def bytes_problem(signature: SignedApproval | SignedOverride, role: Approval, case: Case) -> str | None:
    """Why a signature is none of this role's over these bytes; None where it is."""
    if signature.problem is not None:
        return f"the signature {signature.problem}"
    if role.principals is not None and signature.principal not in role.principals:
        return f"{signature.principal} is none of {', '.join(role.principals)}"
    if case.inventory.differences(signature.statement.digests):
        return f"the bytes are no longer those that {signature.principal} signed"
    if case.record is not None and signature.at + CLOCK_SKEW < case.record.finished_at:
        return "the signature is dated before the run's end; set the signer's clock right"
    return None


def _approval_problem(signature: SignedApproval, role: Approval, case: Case) -> str | None:
    """Why an approval does not count; a rejection does by whom it is of, over whatever bytes and at whatever time."""
    if signature.statement.predicate.decision == "reject":
        return bytes_problem(signature, role, Case(None, case.roles, _as_signed(signature), case.now))
    deadline = case.deadline(role)
    problem = bytes_problem(signature, role, case)
    if problem is None and deadline is not None and signature.at > deadline:
        return f"{signature.principal} signed after the deadline, {_said(deadline)}; run the checklist again"
    return problem


def _as_signed(signature: SignedApproval) -> Inventory:
    return Inventory(signature.statement.digests, {})


def _second_role(
    signature: SignedApproval, role: Approval, filled: Mapping[str, tuple[Approval, SignedApproval]]
) -> str | None:
    for other, given in filled.values():
        if given.principal == signature.principal and other.role != role.role and not may_be_one(role, other):
            return f"{signature.principal} has signed as {other.role} already, and one person fills one role"
    return None


def _awaiting(role: Approval, case: Case) -> RoleState:
    deadline = case.deadline(role)
    late = deadline is not None and case.now > deadline
    reason = f"awaited until {_said(deadline)}, and not given; run the checklist again" if deadline and late else ""
    return RoleState(role.role, "awaiting", reason=reason, deadline=deadline)


def _state(signature: SignedApproval, role: Approval, case: Case, state: State, reason: str = "") -> RoleState:
    return RoleState(
        role.role,
        state,
        signature.principal,
        signature.fingerprint,
        signature.at,
        signature.statement.predicate.comment or None,
        reason,
        case.deadline(role),
    )


def _said(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
