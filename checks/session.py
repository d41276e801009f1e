"""One sitting at a run: its folder held, what lies behind it known; a run is one of these or several."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from checks.errors import ConfigurationError, Problem
from checks.events import Event, Listener
from checks.execution import utc_now
from checks.journal import Journal
from checks.loading import Loaded
from checks.outcome import Rerun
from checks.past import Asked, Past, read_past
from checks.plan import Plan, make_plan
from checks.redaction import looks_secret
from checks.request import Request
from checks.run_folder import RunFolder, write_atomically
from checks.signing.voiding import void_approvals


@dataclass(frozen=True)
class Session:
    """A run's folder, held by this process, and the run's past."""

    folder: RunFolder
    past: Past

    def planned(self, loaded: Loaded, selected: frozenset[str], request: Request) -> Plan:
        """The plan of this session; raises ConfigurationError for what can't be bound, and takes a new folder away."""
        try:
            return make_plan(
                loaded,
                selected,
                self.folder,
                approved=self.past.approved or (request.resumes.approved if request.resumes else None),
                silent_because=request.silent_because,
                of_reference=request.reference,
            )
        except ConfigurationError:
            if request.resumes is None:
                self.folder.discard()
            raise

    def begin(self, journal: Journal, plan: Plan, request: Request, listener: Listener) -> None:
        """Tell the journal and the listener of the beginning; approvals of what was there before end with it."""
        loaded = plan.loaded
        write_atomically(self.folder.path / "checklist.yaml", loaded.content)
        told = {"run_id": self.folder.run_id, "folder": str(self.folder.path), "checks": len(plan.selected)}
        facts = {**told, "profile": loaded.profile, "sha256": loaded.sha256}
        if request.resumes is None:
            asked = _asked(request, plan, self.folder).model_dump(mode="json")
            selected = [entry.id for entry in loaded.entries if entry.id in plan.selected]
            first = {"nonce": self.folder.nonce, "asked": asked, "selected": selected}
            journal.append("run_started", {**facts, **first})
        else:
            self._note_approval(journal, plan)
            self._note_waiver(journal, plan, request)
            self.folder.clear()
            self._void(journal)
            journal.append("run_continued", facts)
            self._note_rerun(journal, request)
        listener(Event("run_started", {**told, "release": loaded.checklist.release.model_dump()}))

    def _note_approval(self, journal: Journal, plan: Plan) -> None:
        """What is due after the approval stays so when the approvals end with the bytes that they were given to."""
        if plan.approved is not None and self.past.approved is None:
            journal.append("release_approved", {"at": plan.approved.isoformat()})
            self.past.approved = plan.approved

    def _note_waiver(self, journal: Journal, plan: Plan, request: Request) -> None:
        """Take a waiver in; raises ConfigurationError where the checklist does not allow so long a one."""
        given = request.resumes.waiver if request.resumes else None
        if given is None:
            return
        too_long = plan.loaded.checklist.too_long(given)
        if too_long:
            raise ConfigurationError([Problem(str(self.folder.path), None, None, too_long)])
        journal.append("waiver_given", {"waiver": given.model_dump(mode="json")})
        self.past.waivers.append(given)

    def _void(self, journal: Journal) -> None:
        voided = void_approvals(self.folder.path)
        if voided:
            journal.append("approvals_voided", {"approvals": voided})
            self.past.voided += voided

    def _note_rerun(self, journal: Journal, request: Request) -> None:
        if request.resumes is None or not request.resumes.again:
            return
        again, reason = request.resumes.again, request.resumes.reason
        rerun = Rerun(checks=again, reason=reason, by=user(), at=utc_now())
        journal.append("rerun_asked", {"rerun": rerun.model_dump(mode="json")})
        self.past.reruns.append(rerun)
        self.past.again |= dict.fromkeys(again, reason)


@contextmanager
def session_of(request: Request) -> Iterator[Session]:
    """Hold the folder of the run that is asked for, new or to go on with.

    Raises ConfigurationError where another process holds it, JournalError where its journal cannot be understood.
    """
    if request.resumes is None:
        folder = RunFolder.create(request.output, utc_now())
        with folder.locked():
            folder.refuse_a_run()
            yield Session(folder, Past())
        return
    path = request.resumes.run.resolve()
    found = read_past(path)
    folder = RunFolder(path, found.run_id, found.nonce)
    with folder.locked():
        yield Session(folder, read_past(path))


def user() -> str:
    """Who runs this process, as the system names them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _asked(request: Request, plan: Plan, folder: RunFolder) -> Asked:
    hidden = tuple(
        name
        for name, value in request.settings.items()
        if looks_secret(name) or plan.redactor.text(str(value)) != str(value)
    )
    return Asked(
        checklist=os.path.relpath(Path(request.checklist).resolve(), folder.path),
        profile=request.profile,
        settings={name: value for name, value in request.settings.items() if name not in hidden},
        hidden=hidden,
        stages=request.stages,
        tags=request.tags,
        checks=request.checks,
        reference=request.reference,
    )
