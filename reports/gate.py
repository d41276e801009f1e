"""What a gate said, in words: the banner of an override, where each role stands, and the JSON document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from checks.outcome import ApprovalState, RunRecord
from checks.signing.gate import Decision
from checks.signing.role_states import RoleState
from reports import values, wording
from reports.escaping import plain


@dataclass(frozen=True)
class RoleRow:
    """A role as a report shows it: what it vouches for, how it stands, and what is known of who signed."""

    approval: ApprovalState
    standing: str
    told: list[str]
    scope: str


def banner_of(decision: Decision) -> list[str]:
    """Sentences that stand above everything else: what the gate says, and all of an override."""
    override = decision.override
    if override is None:
        return [f"The gate says {decision.decision.value}: {'; '.join(decision.reasons)}"]
    until = values.moment(override.expires)
    by = f"{override.principal or 'somebody'} as {override.role}, {override.fingerprint}"
    return [
        f"OVERRIDDEN: this release goes only by a signed override of {by}, until {until}: {override.reason}",
        *(f"Passed over: {each}" for each in override.passed_over),
    ]


def lines_of(decision: Decision) -> list[str]:
    """What `signoff gate` tells people: the decision, each role, each environment, and the reasons, a line each."""
    evidence = "not known" if decision.evidence_verdict is None else decision.evidence_verdict.value
    lines = [f"{decision.decision.value} (evidence: {evidence})"]
    if decision.override is not None:
        lines += [plain(line) for line in banner_of(decision)]
    for role in decision.approvals:
        facts = [plain(fact) for fact in facts_of(role)]
        lines.append("  ".join([f"{plain(role.role):20}", f"{role.state:8}", *facts]).rstrip())
    for each in decision.requirements:
        lines.append(f"{plain(each.environment):20}  {each.state.value:8}  {plain(each.reason)}")
    return [*lines, *(f"- {plain(reason)}" for reason in decision.reasons)]


def rows_of(record: RunRecord, decision: Decision | None) -> list[RoleRow]:
    """Every role of the checklist; without a gate's decision all of them are awaited."""
    states = {each.role: each for each in decision.approvals} if decision is not None else {}
    return [_row(approval, states.get(approval.role)) for approval in record.approvals]


def facts_of(state: RoleState) -> list[str]:
    """Who signed, when, with which key and what comment, or why that does not count."""
    known = (state.principal, values.moment(state.at) if state.at else None, state.fingerprint, state.comment)
    facts = [fact for fact in known if fact]
    if state.reason:
        facts.append(state.reason)
    elif state.deadline is not None and state.state == "awaiting":
        facts.append(f"until {values.moment(state.deadline)}")
    return facts


def document(decision: Decision) -> dict[str, Any]:
    """The JSON document of `signoff gate --json` (design §8)."""
    override = decision.override
    return {
        "decision": decision.decision.value,
        "evidence_verdict": None if decision.evidence_verdict is None else decision.evidence_verdict.value,
        "approvals": [
            {
                "role": each.role,
                "state": each.state,
                "principal": each.principal,
                "fingerprint": each.fingerprint,
                "at": _iso(each.at),
                "comment": each.comment,
                "deadline": _iso(each.deadline),
                "reason": each.reason,
            }
            for each in decision.approvals
        ],
        "requirements": [
            {
                "environment": each.environment,
                "state": each.state.value,
                "run_id": each.run_id,
                "reason": each.reason,
            }
            for each in decision.requirements
        ],
        "override": None
        if override is None
        else {
            "role": override.role,
            "principal": override.principal,
            "fingerprint": override.fingerprint,
            "at": _iso(override.at),
            "expires": _iso(override.expires),
            "reason": override.reason,
            "overridden": list(override.passed_over),
        },
        "changed_files": list(decision.changed_files),
        "reason": "; ".join(decision.reasons),
    }


def _row(approval: ApprovalState, state: RoleState | None) -> RoleRow:
    scope = ", ".join(approval.scope) or "everything"
    if state is None:
        told = [f"within {values.span(approval.deadline_s)} of the run's end"] if approval.deadline_s else []
        return RoleRow(approval, wording.role("awaiting"), told, scope)
    return RoleRow(approval, wording.role(state.state), facts_of(state), scope)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
