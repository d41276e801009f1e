"""One run from the checklist's file to verdict.json: load, plan, identify, run, decide, record."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from checks.engine import Engine, Options
from checks.errors import ConfigurationError
from checks.events import Event, Listener
from checks.execution import utc_now
from checks.journal import Journal
from checks.linting import problems_of
from checks.loading import Loaded, load
from checks.outcome import RunRecord
from checks.plan import make_plan
from checks.planning import select
from checks.recording import record_of
from checks.run_folder import RunFolder, write_atomically


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
    version: str | None = None
    """The version that the target must report, where it is not the checklist's: after a rollback, the one before."""
    environ: Mapping[str, str] = field(default_factory=dict)


def prepared(request: Request) -> tuple[Loaded, frozenset[str]]:
    """The checklist that is asked for and the ids to run; raises ConfigurationError with all that is wrong with it."""
    loaded = load(
        request.checklist,
        profile=request.profile,
        settings=request.settings,
        environ=request.environ,
        version=request.version,
    )
    problems = problems_of(loaded)
    if problems:
        raise ConfigurationError(problems)
    if request.build is not None and loaded.checklist.release.build is None:
        release = loaded.checklist.release.model_copy(update={"build": request.build})
        loaded = replace(loaded, checklist=loaded.checklist.model_copy(update={"release": release}))
    return loaded, select(loaded, stages=request.stages, tags=request.tags, checks=request.checks)


def conduct(
    request: Request, listener: Listener, options: Options, stop: threading.Event
) -> tuple[RunFolder, RunRecord]:
    """Run what `request` asks for and write the run's folder; raises ConfigurationError before anything is run."""
    started = utc_now()
    loaded, selected = prepared(request)
    folder = RunFolder.create(request.output, started)
    with folder.locked(), Journal(folder.path / "journal.jsonl") as journal:
        try:
            plan = make_plan(loaded, selected, folder, request.silent_because)
        except ConfigurationError:
            folder.discard()
            raise
        write_atomically(folder.path / "checklist.yaml", loaded.content)
        facts = {"run_id": folder.run_id, "folder": str(folder.path), "checks": len(selected)}
        journal.append("run_started", {**facts, "profile": loaded.profile, "sha256": loaded.sha256})
        listener(Event("run_started", {**facts, "release": loaded.checklist.release.model_dump()}))
        engine = Engine(plan, folder, journal, listener, options, stop)
        record = record_of(engine, tuple(engine.run().values()), reference=request.reference)
        write_atomically(folder.path / "verdict.json", (record.model_dump_json(indent=2) + "\n").encode())
        journal.append("run_finished", {"verdict": record.verdict.value, "interrupted": record.interrupted})
        folder.close()
    return folder, record
