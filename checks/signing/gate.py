"""The release's own decision: what the evidence says, over bytes that are as signed, by everyone who has to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from checks.outcome import Verdict
from checks.signing.inventory import SIGNATURES, Inventory
from checks.signing.promotion import RequirementState
from checks.signing.role_states import Case, RoleState, bytes_problem, states_of
from checks.signing.signatures import Signatures, SignedApproval, SignedOverride
from checks.signing.statement import LONGEST_OVERRIDE, OverrideStatement
from checks.vouching import nobodys

MOST_NAMED = 5
"""Checks that one reason names."""


class Decided(StrEnum):
    """What a gate says; OVERRIDDEN is GO only by a signed override."""

    GO = "GO"
    HOLD = "HOLD"
    NO_GO = "NO-GO"
    OVERRIDDEN = "OVERRIDDEN"


@dataclass(frozen=True)
class Overridden:
    """The override by which a release goes, and everything that it passes over."""

    role: str
    principal: str | None
    fingerprint: str
    at: datetime
    expires: datetime
    reason: str
    passed_over: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """What the gate says. `evidence_verdict` is None where verdict.json cannot be trusted or understood."""

    decision: Decided
    evidence_verdict: Verdict | None
    approvals: tuple[RoleState, ...]
    changed_files: tuple[str, ...]
    reasons: tuple[str, ...]
    requirements: tuple[RequirementState, ...] = ()
    override: Overridden | None = None

    @property
    def approved_at(self) -> datetime | None:
        """When the last role approved, or the override was signed; None where the release does not go."""
        if self.override is not None:
            return self.override.at
        given = [each.at for each in self.approvals if each.at is not None]
        return max(given, default=None) if self.decision is Decided.GO else None


@dataclass(frozen=True)
class _Finding:
    """One thing that keeps a release from going; what is `firm` no override passes over."""

    verdict: Verdict
    reason: str
    firm: bool = False


def changed_files(inventory: Inventory, signatures: Signatures) -> dict[str, str]:
    """By path what is not as any counting signature has it, and signature files that are not as they were made.

    A rejection counts over whatever bytes, so that it tells nothing of those that came after it.
    """
    changed = dict(signatures.broken)
    for signature in signatures.good:
        if (
            not isinstance(signature.statement, OverrideStatement)
            and signature.statement.predicate.decision == "reject"
        ):
            continue
        for name in inventory.differences(signature.statement.digests):
            changed.setdefault(name, _how(name, inventory, signature))
    for name, how in _changed_views(inventory, signatures):
        changed.setdefault(name, how)
    return dict(sorted(changed.items()))


def _changed_views(inventory: Inventory, signatures: Signatures) -> Iterator[tuple[str, str]]:
    """The views of overrides that are not as the override of their name has them, whether that counts or not."""
    signed = {name: digest for each in signatures.overrides for name, digest in each.views.items()}
    for name in {*inventory.views, *signed}:
        if name not in inventory.views:
            yield name, "was signed, and is gone"
        elif name not in signed:
            yield name, "is of no override that is there"
        elif inventory.views[name] != signed[name]:
            yield name, "was changed after it was signed"


def decide(case: Case, signatures: Signatures, requirements: Sequence[RequirementState] = ()) -> Decision:
    """Put evidence, bytes and signatures together; worst wins, and unknown is never GO."""
    changed = changed_files(case.inventory, signatures)
    known = {role.role for role in case.roles}
    for each in signatures.good:
        if each.role not in known:
            changed.setdefault(f"{SIGNATURES}/{each.name}", f"is of a role {each.role!r} that the checklist has not")
    if case.record is not None:
        for name in case.inventory.not_as_recorded(case.record):
            changed.setdefault(name, "is not what verdict.json says it was")
    states = tuple(states_of(case, signatures.approvals))
    findings = [*_of_bytes(case, changed), *_of_people(case, states), *_of_environments(requirements)]
    override = None
    decided, reasons = _worst(findings)
    if findings and not any(each.firm for each in findings):
        override, refused = _override(case, signatures, reasons)
        reasons += refused
        if override is not None:
            decided = Decided.OVERRIDDEN
            reasons = (f"goes only by an override of {override.principal}: {override.reason}",)
    return Decision(
        decision=decided,
        evidence_verdict=None if case.record is None else case.record.verdict,
        approvals=states,
        changed_files=tuple(sorted(changed)),
        reasons=reasons or ("every role has approved these bytes, and the evidence says GO",),
        requirements=tuple(requirements),
        override=override,
    )


def _how(name: str, inventory: Inventory, signature: SignedApproval | SignedOverride) -> str:
    if name in inventory.unsignable:
        return inventory.unsignable[name]
    if name not in inventory.digests:
        return "was signed, and is gone"
    return "was changed after it was signed" if name in signature.statement.digests else "was added after the signing"


def _worst(findings: Sequence[_Finding]) -> tuple[Decided, tuple[str, ...]]:
    if not findings:
        return Decided.GO, ()
    worst = Decided.NO_GO if any(each.verdict is Verdict.NO_GO for each in findings) else Decided.HOLD
    return worst, tuple(each.reason for each in findings)


def _of_bytes(case: Case, changed: Mapping[str, str]) -> Iterator[_Finding]:
    for name, how in changed.items():
        yield _Finding(Verdict.NO_GO, f"{name} {how}", firm=True)
    record = case.record
    if record is None:
        yield _Finding(Verdict.NO_GO, "the evidence cannot be trusted as it stands", firm=True)
        return
    if record.verdict is not Verdict.GO:
        yield _Finding(record.verdict, f"the evidence says {record.verdict.value}")
    if record.scope != "full":
        yield _Finding(Verdict.HOLD, "the run is partial, and a release needs a whole one", firm=True)
    if record.interrupted:
        yield _Finding(Verdict.HOLD, "the run was interrupted", firm=True)


def _of_people(case: Case, states: Sequence[RoleState]) -> Iterator[_Finding]:
    if not states:
        reason = "the checklist asks for no signature, so that nobody vouches for these bytes"
        yield _Finding(Verdict.HOLD, reason, firm=True)
    elif case.record is not None and (unvouched := nobodys(case.roles, case.record)):
        more = f" and {len(unvouched) - MOST_NAMED} more" if len(unvouched) > MOST_NAMED else ""
        named = ", ".join(unvouched[:MOST_NAMED]) + more
        yield _Finding(Verdict.HOLD, f"no role vouches for {named}; widen a role's scope")
    for each in states:
        if each.state == "rejected":
            yield _Finding(Verdict.NO_GO, f"{each.role}: rejected by {each.principal}", firm=True)
        elif each.state == "awaiting":
            yield _Finding(Verdict.HOLD, f"{each.role}: {each.reason or 'awaiting a signature'}")
        elif each.state == "invalid":
            yield _Finding(Verdict.HOLD, f"{each.role}: {each.reason}")


def _of_environments(requirements: Sequence[RequirementState]) -> Iterator[_Finding]:
    for each in requirements:
        if each.state is not Verdict.GO:
            yield _Finding(each.state, f"{each.environment}: {each.reason}")


def _override(case: Case, signatures: Signatures, reasons: Sequence[str]) -> tuple[Overridden | None, tuple[str, ...]]:
    """The oldest override that counts, or why those that are there do not."""
    refused: list[str] = []
    for each in signatures.overrides:
        said = each.statement.predicate
        problem = _override_problem(each, case)
        if problem is None:
            told = (*(case.record.reasons if case.record else ()), *reasons)
            return Overridden(each.role, each.principal, each.fingerprint, each.at, said.expires, said.reason, told), ()
        refused.append(f"an override in the role {each.role} does not count: {problem}")
    return None, tuple(refused)


def _override_problem(signature: SignedOverride, case: Case) -> str | None:
    role = next((role for role in case.roles if role.role == signature.role), None)
    if role is None or not role.may_override:
        return "the role may not override"
    if case.now >= signature.statement.predicate.expires:
        return f"it expired at {signature.statement.predicate.expires:%Y-%m-%d %H:%M:%S} UTC"
    if signature.statement.predicate.expires > signature.at + LONGEST_OVERRIDE:
        return f"it is for longer than {LONGEST_OVERRIDE.days} days"
    return bytes_problem(signature, role, case)
