"""One run from the checklist's file to verdict.json: load, plan, identify, run, decide, record."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from checks.binding import bind
from checks.check import Check
from checks.effects import refusals
from checks.engine import Engine, Options
from checks.entries import Entry, with_row
from checks.errors import ConfigurationError, Problem
from checks.events import Event, Listener
from checks.execution import utc_now
from checks.identification import completed, identify
from checks.journal import Journal
from checks.linting import problems_of
from checks.loading import Loaded, load
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
from checks.places import disagreements, places_of, target_names, with_logs
from checks.plan import Plan
from checks.planning import select
from checks.redacted_record import redacted
from checks.redaction import Redactor, looks_secret
from checks.rollback.criteria import evaluate
from checks.rollback.procedure import rehearse
from checks.run_folder import RunFolder, write_atomically
from checks.runner import describe_runner
from checks.substitution import Names, substitute
from checks.target import Identity, Target
from checks.verdict import of_results, of_run


@dataclass(frozen=True)
class Request:
    """What to run, and against what."""

    checklist: Path
    profile: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    stages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    output: Path | None = None
    reference: bool = False
    silent_because: str | None = None
    """Why the target is known not to answer, where that is known."""
    build: str | None = None
    """The build that the target must report, where the checklist names none and it is known."""
    environ: Mapping[str, str] = field(default_factory=dict)


def conduct(
    request: Request, listener: Listener, options: Options, stop: threading.Event
) -> tuple[RunFolder, RunRecord]:
    """Run what `request` asks for and write the run's folder; raises ConfigurationError before anything is run."""
    started = utc_now()
    loaded = load(request.checklist, profile=request.profile, settings=request.settings, environ=request.environ)
    problems = problems_of(loaded)
    if problems:
        raise ConfigurationError(problems)
    if request.build is not None and loaded.checklist.release.build is None:
        release = loaded.checklist.release.model_copy(update={"build": request.build})
        loaded = replace(loaded, checklist=loaded.checklist.model_copy(update={"release": release}))
    selected = select(loaded, stages=request.stages, tags=request.tags, checks=request.checks)
    folder = RunFolder.create(request.output, started)
    with folder.locked(), Journal(folder.path / "journal.jsonl") as journal:
        try:
            plan = _plan(loaded, selected, folder, request.silent_because)
        except ConfigurationError:
            folder.discard()
            raise
        write_atomically(folder.path / "checklist.yaml", loaded.content)
        facts = {"run_id": folder.run_id, "folder": str(folder.path), "checks": len(selected)}
        journal.append("run_started", {**facts, "profile": loaded.profile, "sha256": loaded.sha256})
        listener(Event("run_started", {**facts, "release": loaded.checklist.release.model_dump()}))
        engine = Engine(plan, folder, journal, listener, options, stop)
        results = tuple(engine.run().values())
        record = _record(plan, folder, engine, results, request, stop)
        write_atomically(folder.path / "verdict.json", (record.model_dump_json(indent=2) + "\n").encode())
        journal.append("run_finished", {"verdict": record.verdict.value, "interrupted": record.interrupted})
        folder.close()
    return folder, record


def _plan(loaded: Loaded, selected: frozenset[str], folder: RunFolder, silent_because: str | None) -> Plan:
    """Ask the target what it is, then bind every selected check; raises ConfigurationError for what can't be bound."""
    target = completed(loaded.checklist.target) if silent_because is None else loaded.checklist.target
    asked = any(_asks(entry) for entry in loaded.entries if entry.id in selected)
    if silent_because is not None:
        identity = Identity(problem=silent_because)
    else:
        identity = identify(target) if asked else Identity(problem="no selected check asks the target")
    names = loaded.names.extended({**target_names(target), **folder.names(), "run.python": sys.executable})
    values, _ = substitute(dict(loaded.values), names)
    names = names.extended(values)
    target = with_logs(target, names)
    places, problems = places_of(loaded, target, names, [each.name for each in target.instances] if asked else [])
    checks: dict[str, Check] = {}
    unbound: dict[str, str] = {}
    for entry in loaded.entries:
        if entry.id not in selected or entry.after is not None:
            continue
        own = places[entry.instance].names if entry.instance in places else names
        check, found = bind(loaded, entry, own)
        if check is not None and not found:
            checks[entry.id] = check
        elif identity.problem and _only_awaits_target(loaded, entry, own):
            unbound[entry.id] = f"the target, which would report where its files are, is silent: {identity.problem}"
        else:
            problems += found
    if problems:
        raise ConfigurationError(problems)
    refused = refusals(checks, loaded.allowance)
    redactor = _redactor(loaded, names, target)
    return Plan(loaded, selected, checks, unbound, target, identity, places, refused, names, values, redactor)


def _asks(entry: Entry) -> bool:
    return entry.header.not_applicable is None


def _only_awaits_target(loaded: Loaded, entry: Entry, names: Names) -> bool:
    """Whether all that is missing is what the target would report."""
    _, missing = substitute(dict(entry.raw), with_row(names, entry.row))
    reported = {f"target.{name}" for name in loaded.checklist.target.reported}
    return bool(missing) and {hole.name for hole in missing} <= reported


def _redactor(loaded: Loaded, names: Names, target: Target) -> Redactor:
    try:
        return Redactor(_secrets(names, target))
    except ValueError as cause:
        raise ConfigurationError([Problem(str(loaded.path), None, None, str(cause))]) from cause


def _secrets(names: Names, target: Target) -> dict[str, str]:
    secrets = dict(names.secrets)
    if target.api_key:
        secrets.setdefault("target.api_key", target.api_key)
    return {name: value for name, value in secrets.items() if looks_secret(name) or len(value) >= MIN_REDACTED}


MIN_REDACTED = 4
"""Values that came from the environment and are shorter would redact half the report."""


def _record(
    plan: Plan, folder: RunFolder, engine: Engine, results: tuple[Result, ...], request: Request, stop: threading.Event
) -> RunRecord:
    checklist = plan.loaded.checklist
    interrupted = stop.is_set()
    criteria: tuple[Criterion, ...] = ()
    procedure: tuple[ProcedureStep, ...] = ()
    if not (plan.is_partial or interrupted):
        evaluated = evaluate(plan.loaded, plan.target, results, utc_now())
        criteria = tuple(redacted(criterion, plan.redactor) for criterion in evaluated)
        rehearsed = rehearse(checklist.rollback.procedure, plan.names, plan.loaded.path.resolve().parent)
        procedure = tuple(redacted(step, plan.redactor) for step in rehearsed)
    unsure = disagreements(plan.places)
    verdict, reasons = of_run(results, criteria, procedure, unsure, interrupted=interrupted)
    return RunRecord(
        run_id=folder.run_id,
        nonce=folder.nonce,
        verdict=verdict,
        reasons=reasons,
        scope="partial" if plan.is_partial else "full",
        reference=request.reference,
        checklist=ChecklistRecord(path="checklist.yaml", sha256=plan.loaded.sha256, version=checklist.version),
        release=ReleaseRecord.model_validate(checklist.release.model_dump()),
        profile=plan.loaded.profile,
        profile_values=dict(plan.redactor.value(dict(plan.values))),
        started_at=engine.started_at,
        finished_at=utc_now(),
        interrupted=interrupted,
        counts={status: count for status in Status if (count := sum(r.status is status for r in results))},
        stages=tuple(_stages(plan, results)),
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
        findings=tuple(map(plan.redactor.text, engine.waiver_findings(utc_now()))),
        target=TargetRecord(
            url=None if plan.target.url is None else plan.redactor.text(plan.target.url),
            version=plan.identity.version,
            build=plan.identity.build,
            instances=_instances(plan),
            synthetic=_synthetic(results),
        ),
        runner=describe_runner(plan.loaded.path.resolve().parent),
    )


def _instances(plan: Plan) -> tuple[str, ...]:
    """The target's instances by name; without such, the instance that it says it is."""
    return tuple(plan.places) or ((plan.identity.instance,) if plan.identity.instance else ())


def _stages(plan: Plan, results: tuple[Result, ...]) -> Iterable[StageRecord]:
    for stage in plan.loaded.checklist.stages:
        verdict = of_results(result for result in results if result.stage == stage.id)
        yield StageRecord(id=stage.id, title=stage.title, section=stage.section, verdict=verdict, after=stage.after)


def _synthetic(results: tuple[Result, ...]) -> Literal["none", "some", "all", "unknown"]:
    """What the traffic was made of that measures were taken of."""
    found = {result.observed.get("synthetic") for result in results if result.kind == "metric"}
    known = found & {"none", "some", "all"}
    if not known:
        return "unknown"
    return known.pop() if len(known) == 1 else "some"  # type: ignore[return-value]  # narrowed by the intersection
