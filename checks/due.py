"""What there is to do in a run that is gone on with; where there is nothing, its bytes and its approvals stay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from checks.engine import Options
from checks.entries import Entry
from checks.execution import utc_now
from checks.outcome import RunRecord, Status
from checks.past import Past
from checks.plan import Plan
from checks.reuse import Reuse
from checks.schedule import due_at
from checks.signing.inventory import NEEDED
from checks.waiving import waived


def due(plan: Plan, past: Past, run: Path, options: Options, record: RunRecord) -> tuple[str, ...]:
    """Why the run goes on, a line each; none where a session could change nothing."""
    missing = [f"{name} is missing" for name in NEEDED if not (run / name).is_file()]
    return tuple(dict.fromkeys([*missing, *_of_the_run(plan, past, record), *_of_checks(plan, past, options)]))


def _of_the_run(plan: Plan, past: Past, record: RunRecord) -> Iterator[str]:
    if plan.loaded.sha256 != past.sha256:
        yield "the checklist changed"
    yield from (
        f"the rollback criterion {each.id} was {each.state}" for each in record.criteria if each.state != "clear"
    )
    yield from (f"the rollback step {each.id} was not ready" for each in record.procedure if each.state == "not_ready")
    waivers = (*plan.loaded.checklist.waivers, *past.waivers)
    shown = {each.id: each.status for each in record.checks}
    for name, look in past.looks.items():
        now = waived(look.result, waivers, plan.loaded.checklist.release.version, utc_now()).status
        if name in shown and (shown[name] is Status.WAIVED) != (now is Status.WAIVED):
            yield f"a waiver of {name} came or ended"


def _of_checks(plan: Plan, past: Past, options: Options) -> Iterator[str]:
    reuse = Reuse(plan, past)
    for entry in plan.loaded.entries:
        if entry.id in reuse.inputs and not entry.header.parts and reuse.standing(entry, ()) is None:
            look = past.looks.get(entry.id)
            if look is None or look.interrupted:
                yield f"{entry.id} was not looked at to the end"
            elif look.result.status is Status.PENDING:
                if options.interactive or entry.id in options.answers:
                    yield f"{entry.id} can be answered"
            elif entry.after is not None and _is_later(plan, past, entry):
                continue
            elif look.result.attempts or _can_be_looked_at(plan, past, entry):
                yield f"{entry.id} is due"


def _is_later(plan: Plan, past: Past, entry: Entry) -> bool:
    """Whether a check is scheduled for later than now, as far as the journal tells."""
    names = plan.dependencies.after[entry.id]
    before = [past.looks[name].result for name in names if name in past.looks]
    due = None if entry.after is None else due_at(entry.after, before, plan.approved)
    return due is None or due > utc_now()


def _can_be_looked_at(plan: Plan, past: Past, entry: Entry) -> bool:
    """Whether what stood in the way of a check that was not looked at may be gone."""
    if entry.id in plan.refused or entry.id in plan.unbound:
        return False
    needs = plan.dependencies.needs[entry.id]
    looks = past.looks
    waivers = (*plan.loaded.checklist.waivers, *past.waivers)
    release = plan.loaded.checklist.release.version
    return all(
        name in looks and waived(looks[name].result, waivers, release, utc_now()).status.meets_a_need for name in needs
    )
