"""A whole drill of a checklist and a service of one's own: what passes is seen first, then each fault from outside."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from checks.drill.events import DrillEvent, DrillListener
from checks.drill.judging import alarms_of
from checks.drill.looking import looked_at, machine_checks
from checks.drill.outcome import Alarm, DrillRecord, FaultRecord, HealthyRun
from checks.drill.outside import OUTSIDE, check_reach, drill_outside, passing_of
from checks.errors import ConfigurationError, Problem
from checks.execution import utc_now
from checks.explaining import suggestion
from checks.loading import load
from checks.run import Request


def conduct_own_drill(
    request: Request,
    faults: Sequence[str],
    allowed: Sequence[str],
    healthy_runs: int,
    listener: DrillListener,
    stop: threading.Event,
) -> DrillRecord:
    """Drill from outside; raises ConfigurationError for a target that is not this machine's and was not named.

    Only what passes with nothing broken can be seen to notice; what does not pass then is a false alarm.
    """
    started, began = utc_now(), time.monotonic()
    unknown = [name for name in faults if name not in {fault.id for fault in OUTSIDE}]
    if unknown:
        message = f"--fault {unknown[0]}: no such thing{suggestion(unknown[0], [fault.id for fault in OUTSIDE])}"
        raise ConfigurationError([Problem("drill", None, None, message)])
    loaded = load(request.checklist, profile=request.profile, settings=request.settings, environ=request.environ)
    check_reach(loaded.checklist.target.url, allowed)
    if not request.checks:
        request = replace(request, checks=machine_checks(request.checklist, request.settings, loaded.profile))
    runs = [_healthy(request, number, listener, stop) for number in range(max(1, healthy_runs)) if not stop.is_set()]
    passing = [name for name in passing_of(runs[0].looked_at) if not any(name in run.alarms for run in runs)]
    records: list[FaultRecord] = []
    for fault in OUTSIDE:
        if stop.is_set() or (faults and fault.id not in faults):
            continue
        listener(DrillEvent("fault_started", {"fault": fault.id}))
        record = drill_outside(request, fault, passing, stop)
        facts = {"fault": fault.id, "state": record.state, "why": record.why, "unexpected": []}
        listener(DrillEvent("fault_finished", {**facts, "duration_s": record.duration_s}))
        records.append(record)
    alarms = tuple(
        Alarm(where=f"healthy:{run.site}:{run.seed}", check=check.id, reason=check.reason)
        for run in runs
        for check in run.looked_at
        if check.id in run.alarms
    )
    failed = {name for record in records for name in record.failed}
    return DrillRecord(
        checklist=str(request.checklist),
        faults=tuple(records),
        false_alarms=len(alarms),
        alarms=alarms,
        healthy_runs=len(runs),
        healthy=tuple(runs),
        checks_never_failed=tuple(name for name in request.checks if name not in failed),
        interrupted=stop.is_set(),
        started_at=started,
        duration_s=round(time.monotonic() - began, 3),
    )


def _healthy(request: Request, number: int, listener: DrillListener, stop: threading.Event) -> HealthyRun:
    began = time.monotonic()
    with TemporaryDirectory(prefix="signoff-drill-") as folder:
        seen = looked_at(replace(request, output=Path(folder) / "run"), stop)
    run = HealthyRun(
        site="outside",
        seed=number,
        looked_at=seen,
        alarms=alarms_of(seen),
        duration_s=round(time.monotonic() - began, 3),
    )
    listener(DrillEvent("healthy_finished", {"site": "outside", "seed": number, "alarms": list(run.alarms)}))
    return run
