"""The sites of a drill: what is prepared once for each, and how a fault's copy of it is made, broken and looked at."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.drill import catalogue, release, service
from checks.drill.fault import Fault, Site, Step
from checks.drill.judging import judged, left_out
from checks.drill.looking import LINT, look
from checks.drill.other_looks import look_at_criteria, look_at_original, prepare_original
from checks.drill.outcome import FaultRecord, SeenCheck
from checks.drill.page import operators_shell, page_sees
from checks.drill.place import Place
from checks.drill.procedure import look_at_procedure, prepare_procedure
from checks.drill.project import UNIT_TESTS
from checks.drill.steps.log import Ledger
from checks.outcome import Status
from checks.reference.servers import StartError

VALUES: Mapping[str, Any] = {"unit_tests": UNIT_TESTS, "cache_ttl_s": 900}
"""What differs from the profile `reference`: the stand-in project's tests are fewer than the proxy's, and what the
prepared traffic has left in the cache stays fresh until it is looked at."""
NO_SERVER = "this fault is of the sources; no server was started"


@dataclass(frozen=True)
class Ground:
    """What faults are injected into copies of: one prepared folder a site, and where it is needed a proxy."""

    source: Path
    """The project's own folder."""
    folder: Path
    project: Path
    release: Path
    prepared: service.Prepared | None
    stop: threading.Event


@dataclass(frozen=True)
class Plan:
    """What is done in a place: the steps after the start, the checks looked at, and profile values."""

    after: Sequence[Step]
    checks: Sequence[str]
    values: Mapping[str, Any]
    seed: int
    is_changed: bool
    """Whether something was done before the start."""


def healthy(ground: Ground, site: Site, seed: int) -> tuple[SeenCheck, ...]:
    """Look at an unbroken copy."""
    with ExitStack() as undo:
        place = _place(ground, site, f"healthy-{site}-{seed}", undo)
        plan = Plan((), catalogue.watched().get(site, ()), VALUES, seed, is_changed=False)
        return LOOKS[site](ground, place, plan)


def drilled(ground: Ground, fault: Fault, seed: int) -> FaultRecord:
    """Break a copy, look at it, and judge what was seen; whatever was started is stopped, and the copy is gone."""
    if fault.not_possible:
        return left_out(fault, "not_possible", fault.not_possible)
    began = time.monotonic()
    own = [name for name in fault.caught_by if name not in {LINT, release.GATE, release.APPROVE}]
    checks = tuple(dict.fromkeys((*catalogue.watched().get(fault.site, ()), *own)))
    plan = Plan(fault.after, checks, {**VALUES, **fault.values}, seed, is_changed=bool(fault.before))
    with ExitStack() as undo:
        place = _place(ground, fault.site, fault.id, undo)
        try:
            for step in fault.before:
                step.apply(place)
            seen = LOOKS[fault.site](ground, place, plan)
            page = page_sees(fault.page, place, operators_shell(place, plan.values)) if fault.page else None
        except (OSError, ValueError) as cause:
            return left_out(fault, "not_run", f"it could not be injected: {cause}")
    if ground.stop.is_set():
        return left_out(fault, "not_run", "the drill was interrupted")
    return judged(fault, seen, page, time.monotonic() - began)


def _place(ground: Ground, site: Site, name: str, undo: ExitStack) -> Place:
    environment = dict(ground.prepared.environment) if ground.prepared else {}
    place = Place(ground.folder / name, ground.stop, ExitStack(), environment)
    undo.callback(_removed, place.folder)
    undo.enter_context(place.undo)
    if site == "release":
        shutil.copytree(ground.release, place.folder, symlinks=True)
        return place
    place.folder.mkdir()
    if site == "original":
        prepare_original(place)
        return place
    shutil.copytree(ground.project, place.source, symlinks=True)
    if site in USES_PROXY and ground.prepared is not None:
        shutil.copytree(ground.prepared.home, place.home, symlinks=True)
        if site == "criteria":
            Ledger(requests=1200, span_s=400, ago_s=-60).apply(place)
        if site == "procedure":
            prepare_procedure(place, ground.source, Path(ground.prepared.program))
    return place


def _removed(folder: Path) -> None:
    """Take a place away, also where a step has closed its folders."""
    for path, folders, _ in os.walk(folder):
        for each in folders:
            inner = Path(path) / each
            if not inner.is_symlink():
                inner.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _sources(ground: Ground, place: Place, plan: Plan) -> tuple[SeenCheck, ...]:
    for step in plan.after:
        step.apply(place)
    return look(place, plan.checks, plan.values, ground.stop, silent_because=NO_SERVER)


def _served(ground: Ground, place: Place, plan: Plan) -> tuple[SeenCheck, ...]:
    if ground.prepared is None:
        raise ValueError("no proxy was prepared")
    silent = None
    try:
        service.start(place, ground.prepared, plan.seed)
        service.warm_up(place)
        for step in plan.after:
            step.apply(place)
    except StartError as reason:
        silent = f"the server did not start: {reason}"
    return look(place, plan.checks, plan.values, ground.stop, silent_because=silent, build=ground.prepared.build)


def _signed(ground: Ground, place: Place, plan: Plan) -> tuple[SeenCheck, ...]:
    """The prepared run is signed; one whose checklist or signers were changed is made anew."""
    try:
        if plan.is_changed:
            shutil.rmtree(place.folder / "run")
            release.make_run(place, *place.run_options)
            if not place.unsigned:
                release.sign_all(place)
        for step in plan.after:
            step.apply(place)
    except release.SigningRefused as reason:
        return (SeenCheck(id=release.APPROVE, status=Status.FAIL, reason=str(reason)),)
    return release.gate(place)


def _criteria(ground: Ground, place: Place, plan: Plan) -> tuple[SeenCheck, ...]:
    return look_at_criteria(place)


def _procedure(ground: Ground, place: Place, plan: Plan) -> tuple[SeenCheck, ...]:
    return look_at_procedure(place)


def _original(ground: Ground, place: Place, plan: Plan) -> tuple[SeenCheck, ...]:
    return look_at_original(place, plan.checks)


USES_PROXY = frozenset({"service", "criteria", "procedure"})
"""The sites that need a proxy's home, as its traffic has left it."""
LOOKS: Mapping[Site, Callable[[Ground, Place, Plan], tuple[SeenCheck, ...]]] = {
    "service": _served,
    "criteria": _criteria,
    "original": _original,
    "project": _sources,
    "documents": _sources,
    "release": _signed,
    "procedure": _procedure,
}
