"""Which checks a role vouches for: those of its scope, or all where it has none."""

from __future__ import annotations

from collections.abc import Sequence

from checks import verdict
from checks.approval import Approval
from checks.errors import Problem
from checks.explaining import problem_at, suggestion
from checks.loading import Loaded
from checks.outcome import Result, RunRecord
from checks.planning import rows_of


def vouched_for(role: Approval, record: RunRecord) -> list[Result]:
    """The checks of a run that a role vouches for, in the record's order."""
    return [each for each in record.checks if role.scope is None or _is_in(each, role.scope)]


def nobodys(roles: Sequence[Approval], record: RunRecord) -> list[str]:
    """The ids of checks that have a say in the verdict and that no role vouches for."""
    vouched = {each.id for role in roles for each in vouched_for(role, record)}
    return [each.id for each in record.checks if verdict.of_result(each) is not None and each.id not in vouched]


def approval_problems(loaded: Loaded) -> list[Problem]:
    """Scopes that name neither a stage nor a check, and roles of `may_also_be` that there are not."""
    known = [*(stage.id for stage in loaded.checklist.stages), *(entry.id for entry in loaded.entries)]
    roles = [approval.role for approval in loaded.checklist.approvals]
    problems = []
    for number, approval in enumerate(loaded.checklist.approvals):
        for name in approval.scope or ():
            if not rows_of(name, known):
                message = f"{approval.role}: scope names {name!r}, no stage or check{suggestion(name, known)}"
                problems.append(problem_at(loaded.document, ("approvals", number, "scope"), message))
        for name in approval.may_also_be:
            if name not in roles:
                message = f"{approval.role}: may_also_be names {name!r}, which is no role{suggestion(name, roles)}"
                problems.append(problem_at(loaded.document, ("approvals", number, "may_also_be"), message))
    return problems


def _is_in(result: Result, scope: Sequence[str]) -> bool:
    return result.stage in scope or any(rows_of(name, [result.id]) for name in scope)
