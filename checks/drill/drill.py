"""A whole drill: prepare, look at what is healthy, break one thing after the other, and record what was noticed."""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from checks.drill import service
from checks.drill.events import DrillEvent, DrillListener
from checks.drill.fault import Fault, Site
from checks.drill.judging import alarms_of, left_out
from checks.drill.looking import machine_checks
from checks.drill.outcome import Alarm, DrillRecord, FaultRecord, HealthyRun
from checks.drill.project import make_project
from checks.drill.release import make_release
from checks.drill.sites import USES_PROXY, VALUES, Ground, drilled, healthy
from checks.errors import ConfigurationError, Problem
from checks.execution import utc_now
from checks.loading import load
from checks.process import base_environment
from checks.reference.environment import build_of
from checks.reference.installation import Installation, install, source_tree
from checks.reference.servers import StartError

HEALTHY_RUNS = 3
PROFILE = "reference"
INTERRUPTED = "the drill was interrupted"


@dataclass(frozen=True)
class DrillRequest:
    """What to drill, and how."""

    checklist: Path
    faults: Sequence[Fault]
    jobs: int = 1
    healthy_runs: int = HEALTHY_RUNS
    seed: int = 1
    program: Path | None = None
    """An installed `image-proxy` to use, instead of building one."""
    only_healthy: Sequence[Site] = ()
    """Sites of which healthy runs are made besides those that the faults are of."""

    @property
    def injected(self) -> list[Fault]:
        """The faults that can be injected."""
        return [fault for fault in self.faults if not fault.not_possible]

    @property
    def sites(self) -> list[Site]:
        """The sites that are drilled, each once."""
        return list(dict.fromkeys([*(fault.site for fault in self.injected), *self.only_healthy]))


def conduct_drill(request: DrillRequest, listener: DrillListener, stop: threading.Event) -> DrillRecord:
    """Drill; raises ConfigurationError where no reference can be built, saying what is missing.

    Once `stop` is set, what has begun is ended, all is stopped and removed, and the record says what was not run.
    """
    started, began = utc_now(), time.monotonic()
    runs: list[HealthyRun] = []
    try:
        with _ground(request, listener, stop) as ground:
            for site in request.sites:
                for number in range(request.healthy_runs):
                    if not stop.is_set():
                        runs.append(_healthy(ground, site, request.seed + number, listener))
            records = _drill(ground, request, listener, stop)
    except (KeyboardInterrupt, ConfigurationError):
        if not stop.is_set():
            raise
        records = [left_out(fault, "not_run", INTERRUPTED) for fault in request.faults]
    alarms = [
        Alarm(where=f"healthy:{run.site}:{run.seed}", check=name, reason=_reason(run, name))
        for run in runs
        for name in run.alarms
    ]
    alarms += [
        Alarm(where=each.id, check=name, reason=_reason(each, name)) for each in records for name in each.unexpected
    ]
    failed = {name for each in records for name in each.failed}
    return DrillRecord(
        checklist=str(request.checklist),
        faults=tuple(records),
        false_alarms=len(alarms),
        alarms=tuple(alarms),
        healthy_runs=request.healthy_runs if runs else 0,
        healthy=tuple(runs),
        checks_never_failed=tuple(
            name for name in machine_checks(request.checklist, {}, PROFILE) if name not in failed
        ),
        interrupted=stop.is_set(),
        started_at=started,
        duration_s=round(time.monotonic() - began, 3),
    )


def _healthy(ground: Ground, site: Site, seed: int, listener: DrillListener) -> HealthyRun:
    began = time.monotonic()
    seen = healthy(ground, site, seed)
    run = HealthyRun(
        site=site, seed=seed, looked_at=seen, alarms=alarms_of(seen), duration_s=round(time.monotonic() - began, 3)
    )
    listener(DrillEvent("healthy_finished", {"site": site, "seed": seed, "alarms": list(run.alarms)}))
    return run


def _drill(ground: Ground, request: DrillRequest, listener: DrillListener, stop: threading.Event) -> list[FaultRecord]:
    def one(fault: Fault) -> FaultRecord:
        if stop.is_set():
            return left_out(fault, "not_run", INTERRUPTED)
        listener(DrillEvent("fault_started", {"fault": fault.id}))
        record = drilled(ground, fault, request.seed)
        facts = {"fault": fault.id, "state": record.state, "why": record.why, "unexpected": list(record.unexpected)}
        listener(DrillEvent("fault_finished", {**facts, "duration_s": record.duration_s}))
        return record

    with ThreadPoolExecutor(request.jobs, thread_name_prefix="drill") as pool:
        return list(pool.map(one, request.faults))


@contextmanager
def _ground(request: DrillRequest, listener: DrillListener, stop: threading.Event) -> Iterator[Ground]:
    """What faults are injected into copies of; gone when the block ends."""
    source = source_tree(request.checklist.resolve().parent)
    folder = source / ".signoff" / f"drill-{os.getpid()}-{secrets.token_hex(4)}"
    folder.mkdir(parents=True)
    try:
        listener(DrillEvent("preparing", {"what": "making the stand-in project"}))
        make_project(source, folder / "project", request.checklist, stop)
        prepared = _prepared(request, source, folder, listener, stop)
        if "release" in request.sites:
            listener(DrillEvent("preparing", {"what": "running and signing a small release"}))
            make_release(folder / "release", stop)
        yield Ground(source, folder, folder / "project", folder / "release", prepared, stop)
    except ValueError as reason:
        message = f"no reference to drill with: {reason}"
        raise ConfigurationError([Problem(str(request.checklist), None, None, message)]) from reason
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _prepared(
    request: DrillRequest, source: Path, folder: Path, listener: DrillListener, stop: threading.Event
) -> service.Prepared | None:
    if not USES_PROXY.intersection(request.sites):
        return None
    if request.program is None:
        listener(DrillEvent("preparing", {"what": "building the proxy and installing it"}))
        installed = install(source, folder, stop)
    else:
        installed = Installation(request.program, request.program)
    listener(DrillEvent("preparing", {"what": "driving traffic through it"}))
    values = {**load(request.checklist, profile="reference", environ={}).values, **VALUES}
    build = build_of(str(installed.program), folder, base_environment({}))
    try:
        return service.prepare(folder, installed.program, installed.wheel, build, values, request.seed, stop)
    except StartError as reason:
        message = f"no reference to drill with: {reason}"
        raise ConfigurationError([Problem(str(request.checklist), None, None, message)]) from reason


def _reason(seen: HealthyRun | FaultRecord, name: str) -> str:
    return next(check.reason for check in seen.looked_at if check.id == name)
