"""Asks a gate about a run's folder: reads it, its signatures, and the bundles of the environments before it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from checks.approval import Approval, Requirement
from checks.outcome import RunRecord
from checks.record_file import read_record
from checks.signing.bundle import unpacked
from checks.signing.gate import Decided, Decision, changed_files, decide
from checks.signing.inventory import take_inventory
from checks.signing.promotion import Followed, RequirementState, awaiting, judge, refused
from checks.signing.role_states import Case
from checks.signing.signatures import read_signatures
from checks.signing.terms import read_terms
from checks.signing.trust import Trust


def ask(run: Path, trust: Trust, now: datetime, bundles: Mapping[str, Path]) -> Decision:
    """What the gate says of a run; `bundles` are of other environments, by name.

    Raises SigningError or RecordError where nothing can be judged.
    """
    inventory = take_inventory(run)
    signatures = read_signatures(run, trust, now)
    if {"verdict.json", "checklist.yaml"} & set(changed_files(inventory, signatures)):
        roles = sorted({each.role for each in signatures.approvals})
        return decide(Case(None, [Approval(role=role) for role in roles], inventory, now), signatures)
    record = read_record(run)
    terms = read_terms(run)
    requirements = [
        _followed(each, record, trust, now, bundles) for each in terms.require if each.concerns(record.profile)
    ]
    return decide(Case(record, terms.approvals, inventory, now), signatures, requirements)


def _followed(
    requirement: Requirement, here: RunRecord, trust: Trust, now: datetime, bundles: Mapping[str, Path]
) -> RequirementState:
    bundle = bundles.get(requirement.environment)
    if bundle is None:
        return awaiting(requirement)
    others = {name: path for name, path in bundles.items() if name != requirement.environment}
    with unpacked(bundle) as run:
        decision = ask(run, trust, now, others)
        if decision.decision is not Decided.GO:
            return refused(requirement, decision.decision.value, decision.reasons)
        approved = frozenset(each.role for each in decision.approvals if each.state == "approved")
        return judge(requirement, here, Followed(read_record(run), approved), now)
