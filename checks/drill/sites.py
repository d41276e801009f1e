"""The sites of a drill: what is prepared once for each, and how a fault's copy of it is made, broken and looked at."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.drill import catalogue, service
from checks.drill.fault import Fault, Site
from checks.drill.judging import judged, left_out
from checks.drill.looking import look
from checks.drill.outcome import FaultRecord, SeenCheck
from checks.drill.place import Place
from checks.drill.project import UNIT_TESTS
from checks.reference.servers import StartError

VALUES: Mapping[str, Any] = {"unit_tests": UNIT_TESTS, "backup_dir": "${run.dir}/backups"}
"""What is told of the stand-in project: its tests are fewer than the proxy's."""
NO_SERVER = "this fault is of the sources; no server was started"


@dataclass(frozen=True)
class Ground:
    """What faults are injected into copies of: a project, and where one is needed a proxy's home."""

    folder: Path
    project: Path
    prepared: service.Prepared | None
    stop: threading.Event


def healthy(ground: Ground, site: Site, seed: int) -> tuple[SeenCheck, ...]:
    """Look at an unbroken copy."""
    with ExitStack() as undo:
        place = _place(ground, f"healthy-{site}-{seed}", undo)
        return _seen(ground, site, place, None, seed)


def drilled(ground: Ground, fault: Fault, seed: int) -> FaultRecord:
    """Break a copy, look at it, and judge what was seen; whatever was started is stopped, and the copy is gone."""
    if fault.not_possible:
        return left_out(fault, "not_possible", fault.not_possible)
    began = time.monotonic()
    with ExitStack() as undo:
        place = _place(ground, fault.id, undo)
        try:
            for step in fault.before:
                step.apply(place)
            seen = _seen(ground, fault.site, place, fault, seed)
        except (OSError, ValueError) as cause:
            return left_out(fault, "not_run", f"it could not be injected: {cause}")
    if ground.stop.is_set():
        return left_out(fault, "not_run", "the drill was interrupted")
    return judged(fault, seen, time.monotonic() - began)


def _place(ground: Ground, name: str, undo: ExitStack) -> Place:
    place = Place(ground.folder / name, ground.stop, ExitStack())
    place.folder.mkdir()
    undo.callback(_removed, place.folder)
    undo.enter_context(place.undo)
    shutil.copytree(ground.project, place.source, symlinks=True)
    if ground.prepared is not None:
        shutil.copytree(ground.prepared.home, place.home, symlinks=True)
    return place


def _removed(folder: Path) -> None:
    """Take a place away, also where a step has closed its folders."""
    for path, folders, _ in os.walk(folder):
        for each in folders:
            inner = Path(path) / each
            if not inner.is_symlink():
                inner.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _seen(ground: Ground, site: Site, place: Place, fault: Fault | None, seed: int) -> tuple[SeenCheck, ...]:
    own = fault.caught_by if fault else ()
    checks = [name for name in dict.fromkeys((*catalogue.watched().get(site, ()), *own)) if name != "lint"]
    values = {**VALUES, **(fault.values if fault else {})}
    if site in {"project", "documents"}:
        for step in fault.after if fault else ():
            step.apply(place)
        return look(place, checks, values, ground.stop, silent_because=NO_SERVER)
    if ground.prepared is None:
        raise ValueError("no proxy was prepared")
    return _served(ground, ground.prepared, place, fault, seed, checks, values)


def _served(
    ground: Ground,
    prepared: service.Prepared,
    place: Place,
    fault: Fault | None,
    seed: int,
    checks: list[str],
    values: Mapping[str, Any],
) -> tuple[SeenCheck, ...]:
    silent = None
    try:
        service.start(place, prepared, seed)
        service.warm_up(place)
        for step in fault.after if fault else ():
            step.apply(place)
    except StartError as reason:
        silent = f"the server did not start: {reason}"
    seen = look(place, checks, values, ground.stop, silent_because=silent, build=prepared.build)
    place.undo.close()
    return seen
