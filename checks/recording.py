"""The record of a run, which becomes verdict.json: what was found, and the verdict that follows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from checks.engine import Engine
from checks.execution import utc_now
from checks.outcome import (
    ApprovalState,
    ChecklistRecord,
    Criterion,
    ProcedureStep,
    ReleaseRecord,
    Result,
    RunRecord,
    StageRecord,
    Status,
    TargetRecord,
)
from checks.places import disagreements
from checks.plan import Plan
from checks.redacted_record import redacted
from checks.rollback.evaluation import evaluate
from checks.rollback.procedure import rehearse, scene_of
from checks.runner import describe_runner
from checks.verdict import of_run
from checks.waiving import findings


def record_of(engine: Engine, results: tuple[Result, ...]) -> RunRecord:
    """The record of what the engine found; criteria and procedure are looked at now, unless the run is only a part."""
    plan, folder = engine.plan, engine.folder
    now = utc_now()
    checklist = plan.loaded.checklist
    interrupted = engine.stop.is_set()
    criteria: tuple[Criterion, ...] = ()
    procedure: tuple[ProcedureStep, ...] = ()
    if not (plan.is_partial or interrupted):
        evaluated = evaluate(plan.loaded, plan.target, results, now)
        criteria = tuple(redacted(criterion, plan.redactor) for criterion in evaluated)
        rehearsed = rehearse(checklist.rollback, scene_of(plan.loaded, plan.names))
        procedure = tuple(redacted(step, plan.redactor) for step in rehearsed)
    unsure = disagreements(plan.places)
    verdict, reasons = of_run(results, criteria, procedure, unsure, interrupted=interrupted)
    told = findings(engine.waivers, engine.results, checklist.release.version, now)
    return RunRecord(
        run_id=folder.run_id,
        nonce=folder.nonce,
        verdict=verdict,
        reasons=reasons,
        scope="partial" if plan.is_partial else "full",
        reference=plan.is_of_reference,
        checklist=ChecklistRecord(path="checklist.yaml", sha256=plan.loaded.sha256, version=checklist.version),
        release=ReleaseRecord.model_validate(checklist.release.model_dump()),
        profile=plan.loaded.profile,
        profile_values=dict(plan.redactor.value(dict(plan.values))),
        started_at=engine.past.started_at or engine.started_at,
        finished_at=now,
        interrupted=interrupted,
        counts={status: count for status in Status if (count := sum(r.status is status for r in results))},
        stages=tuple(_stages(engine)),
        checks=results,
        criteria=criteria,
        procedure=procedure,
        approvals=tuple(
            ApprovalState(
                role=approval.role,
                title=approval.title or approval.role,
                covers=approval.covers,
                scope=approval.scope or (),
                deadline_s=approval.deadline,
            )
            for approval in checklist.approvals
        ),
        findings=tuple(map(plan.redactor.text, (*told, *_voided(engine)))),
        reruns=tuple(engine.past.reruns),
        target=TargetRecord(
            url=None if plan.target.url is None else plan.redactor.text(plan.target.url),
            version=plan.identity.version,
            build=plan.identity.build,
            instances=_instances(plan),
            synthetic=_synthetic(results),
        ),
        runner=describe_runner(plan.loaded.path.resolve().parent),
    )


def _voided(engine: Engine) -> tuple[str, ...]:
    return tuple(f"{approval} is void: the run went on after it" for approval in engine.past.voided)


def _instances(plan: Plan) -> tuple[str, ...]:
    """The target's instances by name; without such, the instance that it says it is."""
    return tuple(plan.places) or ((plan.identity.instance,) if plan.identity.instance else ())


def _stages(engine: Engine) -> Iterable[StageRecord]:
    for stage in engine.plan.loaded.checklist.stages:
        verdict = engine.stage_verdicts[stage.id]
        after = None if stage.after is None else str(stage.after)
        yield StageRecord(id=stage.id, title=stage.title, section=stage.section, verdict=verdict, after=after)


def _synthetic(results: tuple[Result, ...]) -> Literal["none", "some", "all", "unknown"]:
    """What the traffic was made of that measures were taken of."""
    found = {result.observed.get("synthetic") for result in results if result.kind == "metric"}
    known = found & {"none", "some", "all"}
    if not known:
        return "unknown"
    return known.pop() if len(known) == 1 else "some"  # type: ignore[return-value]  # narrowed by the intersection
