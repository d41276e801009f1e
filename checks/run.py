"""One run from the checklist's file to verdict.json: load, plan, identify, run, decide, record."""

from __future__ import annotations

import threading
from dataclasses import replace

from checks.due import due
from checks.engine import Engine, Options
from checks.errors import ConfigurationError
from checks.events import Listener
from checks.journal import Journal
from checks.linting import problems_of
from checks.loading import Loaded, load
from checks.outcome import RunRecord
from checks.planning import select
from checks.record_file import read_record
from checks.recording import record_of
from checks.request import Request
from checks.run_folder import RunFolder, write_atomically
from checks.session import session_of

__all__ = ["Request", "conduct", "prepared"]


def prepared(request: Request) -> tuple[Loaded, frozenset[str]]:
    """The checklist that is asked for and the ids to run; raises ConfigurationError with all that is wrong with it."""
    loaded = load(
        request.checklist,
        profile=request.profile,
        settings={**request.provided, **request.settings},
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
    """Run what `request` asks for and write the run's folder.

    Raises ConfigurationError before anything is run. Of a run that is gone on with and where nothing is due, the
    folder stays as it is.
    """
    loaded, selected = prepared(request)
    with session_of(request) as session:
        plan = session.planned(loaded, selected, request)
        folder = session.folder
        if session.past.finished and not (request.resumes and request.resumes.acts):
            record = read_record(folder.path)
            if not due(plan, session.past, folder.path, options, record):
                return folder, record
        with Journal(folder.path / "journal.jsonl") as journal:
            session.begin(journal, plan, request, listener)
            engine = Engine(plan, session.past, folder, journal, listener, options, stop)
            record = record_of(engine, tuple(engine.run().values()))
            write_atomically(folder.path / "verdict.json", (record.model_dump_json(indent=2) + "\n").encode())
            journal.append("run_finished", {"verdict": record.verdict.value, "interrupted": record.interrupted})
        folder.close()
    return folder, record
