"""The release's own decision: what the evidence says, over bytes that are as signed, by everyone who has to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from checks.checklist import Approval
from checks.outcome import RunRecord, Verdict
from checks.signing.inventory import SIGNATURES, Inventory
from checks.signing.roles import may_be_one
from checks.signing.signatures import CLOCK_SKEW, Signature, Signatures

State = Literal["approved", "rejected", "awaiting", "invalid"]


@dataclass(frozen=True)
class RoleState:
    """Where one role stands; `reason` says why a signature does not count."""

    role: str
    state: State
    principal: str | None = None
    fingerprint: str | None = None
    at: datetime | None = None
    comment: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class Decision:
    """What the gate says. `evidence_verdict` is None where verdict.json cannot be trusted or understood."""

    decision: Verdict
    evidence_verdict: Verdict | None
    approvals: tuple[RoleState, ...]
    changed_files: tuple[str, ...]
    reasons: tuple[str, ...]


def changed_files(inventory: Inventory, signatures: Signatures) -> dict[str, str]:
    """By path what is not as any counting signature has it, and signature files that are not as they were made."""
    changed = dict(signatures.broken)
    for signature in _counting(signatures):
        for name in inventory.differences(signature.statement.digests):
            changed.setdefault(name, _how(name, inventory, signature))
    return dict(sorted(changed.items()))


def decide(
    record: RunRecord | None,
    roles: Sequence[Approval],
    inventory: Inventory,
    signatures: Signatures,
) -> Decision:
    """Put evidence, bytes and signatures together; worst wins, and unknown is never GO.

    `record` is what verdict.json says, None where it is not as signed or cannot be read.
    """
    changed = changed_files(inventory, signatures)
    known = {role.role for role in roles}
    for each in _counting(signatures):
        if each.role not in known:
            changed.setdefault(f"{SIGNATURES}/{each.name}", f"is of a role {each.role!r} that the checklist has not")
    if record is not None:
        for name in inventory.not_as_recorded(record):
            changed.setdefault(name, "is not what verdict.json says it was")
    states = tuple(_states(roles, inventory, signatures, record))
    findings = list(_findings(record, states, changed))
    worst = Verdict.GO
    if findings:
        worst = Verdict.NO_GO if any(verdict is Verdict.NO_GO for verdict, _ in findings) else Verdict.HOLD
    return Decision(
        worst,
        None if record is None else record.verdict,
        states,
        tuple(sorted(changed)),
        tuple(reason for _, reason in findings) or ("every role has approved these bytes, and the evidence says GO",),
    )


def _counting(signatures: Signatures) -> Iterator[Signature]:
    return (each for each in signatures.found if each.problem is None)


def _how(name: str, inventory: Inventory, signature: Signature) -> str:
    if name in inventory.unsignable:
        return inventory.unsignable[name]
    if name not in inventory.digests:
        return "was signed, and is gone"
    return "was changed after it was signed" if name in signature.statement.digests else "was added after the signing"


def _findings(
    record: RunRecord | None, states: Iterable[RoleState], changed: Mapping[str, str]
) -> Iterator[tuple[Verdict, str]]:
    states = list(states)
    for name, how in changed.items():
        yield Verdict.NO_GO, f"{name} {how}"
    for each in states:
        if each.state == "rejected":
            yield Verdict.NO_GO, f"{each.role}: rejected by {each.principal}"
    if record is None:
        yield Verdict.NO_GO, "the evidence cannot be trusted as it stands"
    else:
        if record.verdict is not Verdict.GO:
            yield record.verdict, f"the evidence says {record.verdict.value}"
        if record.scope != "full":
            yield Verdict.HOLD, "the run is partial, and a release needs a whole one"
        if record.interrupted:
            yield Verdict.HOLD, "the run was interrupted"
    if not states:
        yield Verdict.HOLD, "the checklist asks for no signature, so that nobody vouches for these bytes"
    for each in states:
        if each.state == "awaiting":
            yield Verdict.HOLD, f"{each.role}: awaiting a signature"
        elif each.state == "invalid":
            yield Verdict.HOLD, f"{each.role}: {each.reason}"


def _states(
    roles: Sequence[Approval], inventory: Inventory, signatures: Signatures, record: RunRecord | None
) -> Iterator[RoleState]:
    """Each role's state; of several approvals the oldest that counts, and people are given to roles in that order."""
    filled: dict[str, tuple[Approval, Signature]] = {}
    refused: dict[str, RoleState] = {}
    vetoed: dict[str, Signature] = {}
    by_role = {role.role: role for role in roles}
    for each in signatures.found:
        role = by_role.get(each.role)
        if role is None:
            continue
        problem = _problem(each, role, inventory, record)
        if problem is None and each.statement.predicate.decision == "reject":
            vetoed.setdefault(role.role, each)
            continue
        problem = problem or _second_role(each, role, filled)
        if problem is not None:
            refused.setdefault(role.role, _state(each, "invalid", problem))
        else:
            filled.setdefault(role.role, (role, each))
    for role in roles:
        if role.role in vetoed:
            yield _state(vetoed[role.role], "rejected")
        elif role.role in filled:
            yield _state(filled[role.role][1], "approved")
        else:
            yield refused.get(role.role, RoleState(role.role, "awaiting"))


def _problem(signature: Signature, role: Approval, inventory: Inventory, record: RunRecord | None) -> str | None:
    """Why a signature does not count in its role; None where it does."""
    if signature.problem is not None:
        return f"the signature {signature.problem}"
    if role.principals is not None and signature.principal not in role.principals:
        return f"{signature.principal} is none of {', '.join(role.principals)}"
    if signature.statement.predicate.decision == "reject":
        return None
    if inventory.differences(signature.statement.digests):
        return f"the bytes are no longer those that {signature.principal} signed"
    if record is not None and signature.at + CLOCK_SKEW < record.finished_at:
        return "the signature is dated before the run's end; set the signer's clock right"
    return None


def _second_role(signature: Signature, role: Approval, filled: Mapping[str, tuple[Approval, Signature]]) -> str | None:
    for other, given in filled.values():
        if given.principal == signature.principal and other.role != role.role and not may_be_one(role, other):
            return f"{signature.principal} has signed as {other.role} already, and one person fills one role"
    return None


def _state(signature: Signature, state: State, reason: str = "") -> RoleState:
    comment = signature.statement.predicate.comment
    return RoleState(
        signature.role, state, signature.principal, signature.fingerprint, signature.at, comment or None, reason
    )
