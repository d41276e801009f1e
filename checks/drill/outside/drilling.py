"""A whole drill of a checklist and a service of one's own: what passes is seen first, then each fault from outside."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from checks.drill.events import DrillEvent, DrillListener
from checks.drill.fault import Fault
from checks.drill.judging import alarms_of, judged, left_out
from checks.drill.looking import expanded, looked_at, machine_checks
from checks.drill.mischief import Disturbance, disturbed
from checks.drill.outcome import Alarm, DrillRecord, FaultRecord, HealthyRun, SeenCheck
from checks.drill.outside.fault import Ground, OutsideFault
from checks.drill.outside.reach import check_reach
from checks.drill.outside.upstream import Callers
from checks.engine import Options
from checks.errors import ConfigurationError, Problem
from checks.execution import utc_now
from checks.identification import completed
from checks.loading import load
from checks.outcome import Status
from checks.places import from_root, target_names, with_logs
from checks.run import Request
from checks.substitution import substitute


@dataclass(frozen=True)
class OwnDrill:
    """What to drill from outside, and how far it may reach."""

    request: Request
    faults: Sequence[OutsideFault]
    allowed: Sequence[str] = ()
    """Hosts beyond this machine that may be disturbed."""
    healthy_runs: int = 1
    upstream_port: int | None = None
    """Where a reverse proxy listens before `target.upstream`; the service has been told to call it."""


def conduct_own_drill(drill: OwnDrill, listener: DrillListener, stop: threading.Event) -> DrillRecord:
    """Drill from outside; raises ConfigurationError for a target that is not this machine's and was not named.

    Only what passes with nothing broken can be seen to notice; what does not pass then is a false alarm.
    """
    started, began = utc_now(), time.monotonic()
    with TemporaryDirectory(prefix="signoff-drill-") as scratch, _ground(drill, Path(scratch)) as ground:
        runs: list[HealthyRun] = []
        callers = Callers(ground.upstream) if ground.upstream else None
        for number in range(max(1, drill.healthy_runs)):
            if not stop.is_set():
                runs.append(_healthy(ground, number, callers if number == 0 else None, listener, stop))
        ground = replace(ground, callers=frozenset(callers.found if callers else ()), warned=_warned(runs))
        passing = [check for check in _passing(runs) if not stop.is_set()]
        records = [_drilled(ground, fault, passing, listener, stop) for fault in drill.faults]
    alarms = tuple(
        Alarm(where=f"healthy:{run.site}:{run.seed}", check=check.id, reason=check.reason)
        for run in runs
        for check in run.looked_at
        if check.id in run.alarms
    )
    failed = {name for record in records for name in record.failed}
    return DrillRecord(
        checklist=str(drill.request.checklist),
        faults=tuple(records),
        false_alarms=len(alarms),
        alarms=alarms,
        healthy_runs=len(runs),
        healthy=tuple(runs),
        checks_never_failed=tuple(name for name in _asked(ground) if name not in failed),
        interrupted=stop.is_set(),
        started_at=started,
        duration_s=round(time.monotonic() - began, 3),
    )


@contextmanager
def _ground(drill: OwnDrill, folder: Path) -> Iterator[Ground]:
    request = drill.request
    loaded = load(request.checklist, profile=request.profile, settings=request.settings, environ=request.environ)
    check_reach("target.url", loaded.checklist.target.url, drill.allowed)
    if not request.checks:
        request = replace(request, checks=machine_checks(request.checklist, request.settings, loaded.profile))
    target = completed(loaded.checklist.target)
    names = loaded.names.extended(target_names(target))
    values, _ = substitute(dict(loaded.values), names)
    names = names.extended(values)
    target = from_root(with_logs(target, names), request.checklist.resolve().parent)
    ground = Ground(request, loaded, target, names, folder)
    if drill.upstream_port is None:
        yield ground
        return
    url = check_reach("target.upstream", target.upstream, drill.allowed)
    disturbance = Disturbance()
    with ExitStack() as standing:
        try:
            standing.enter_context(disturbed(url, disturbance, drill.upstream_port))
        except OSError as cause:
            message = (
                f"nothing can listen on port {drill.upstream_port}: {cause.strerror}; give another --upstream-port"
            )
            raise ConfigurationError([Problem("drill", None, None, message)]) from cause
        yield replace(ground, upstream=disturbance)


def _healthy(
    ground: Ground, number: int, callers: Callers | None, listener: DrillListener, stop: threading.Event
) -> HealthyRun:
    """A run with nothing broken; one check after the other where it is to be seen which of them call upstream."""
    began = time.monotonic()
    request = replace(ground.request, output=ground.folder / f"healthy-{number}")
    seen = looked_at(request, stop, callers, Options(jobs=1)) if callers else looked_at(request, stop)
    run = HealthyRun(
        site="outside",
        seed=number,
        looked_at=seen,
        alarms=alarms_of(seen),
        duration_s=round(time.monotonic() - began, 3),
    )
    listener(DrillEvent("healthy_finished", {"site": "outside", "seed": number, "alarms": list(run.alarms)}))
    return run


def _passing(runs: Sequence[HealthyRun]) -> list[str]:
    """The ids of what passes in every run when nothing is broken."""
    return [
        check.id
        for check in (runs[0].looked_at if runs else ())
        if check.status.meets_a_need and not any(check.id in run.alarms for run in runs)
    ]


def _warned(runs: Sequence[HealthyRun]) -> frozenset[str]:
    return frozenset(check.id for run in runs for check in run.looked_at if check.status is Status.WARN)


def _asked(ground: Ground) -> tuple[str, ...]:
    return expanded(ground.request.checks, [entry.id for entry in ground.loaded.entries])


def _drilled(
    ground: Ground, fault: OutsideFault, passing: Sequence[str], listener: DrillListener, stop: threading.Event
) -> FaultRecord:
    """Do one thing and look; of the checks that pass when nothing is broken, those that look there must notice."""
    expected = tuple(name for name in passing if fault.notices(ground, name))
    told = Fault(
        id=fault.id,
        family=fault.family,
        site="outside",
        before=(),
        after=(),
        breaks=fault.breaks,
        how=fault.how,
        caught_by=expected,
        not_possible="" if expected else fault.unnoticed,
        consequences=("*",),
    )
    if stop.is_set():
        return left_out(told, "not_run", "the drill was interrupted")
    listener(DrillEvent("fault_started", {"fault": fault.id}))
    record = _broken(ground, fault, told, stop) if expected else left_out(told, "not_possible", fault.unnoticed)
    facts = {"fault": fault.id, "state": record.state, "why": record.why, "unexpected": []}
    listener(DrillEvent("fault_finished", {**facts, "duration_s": record.duration_s}))
    return record


def _broken(ground: Ground, fault: OutsideFault, told: Fault, stop: threading.Event) -> FaultRecord:
    began = time.monotonic()
    with TemporaryDirectory(prefix=f"{fault.id}-", dir=ground.folder) as folder:
        own = replace(ground, folder=Path(folder))
        try:
            with fault.changed(own) as request:
                changed = replace(request, checks=told.caught_by, output=own.folder / "run")
                seen = [_as_before(check, ground) for check in looked_at(changed, stop)]
        except (OSError, ValueError) as cause:
            return left_out(told, "not_run", f"it could not be done: {cause}")
    if stop.is_set():
        return left_out(told, "not_run", "the drill was interrupted")
    blocked = {check.id for check in seen if check.status is Status.BLOCKED}
    looked = tuple(name for name in told.caught_by if name not in blocked)
    if not looked:
        return left_out(told, "not_run", "what they need did not pass, so none of the checks that must notice was run")
    return judged(told.model_copy(update={"caught_by": looked}), seen, None, time.monotonic() - began)


def _as_before(check: SeenCheck, ground: Ground) -> SeenCheck:
    """A check that warns as it did when all was well has noticed nothing."""
    if check.status is Status.WARN and check.id in ground.warned:
        return check.model_copy(update={"status": Status.PASS})
    return check
