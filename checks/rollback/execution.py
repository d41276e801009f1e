"""Carries a rollback out, step by step, each verified before the next and in the journal before it is begun.

A rollback that was killed is gone on with where it stopped: steps that are done are not done again, and doing again
what was half done ends in the same state.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from checks.contents import UnreadableError, read_bounded
from checks.engine import Options
from checks.errors import ConfigurationError, SignoffError
from checks.events import Event
from checks.journal import Journal, read_journal
from checks.outcome import EvidenceFile
from checks.rollback.action import SmokeTested, StepError, Work
from checks.rollback.incident import Incident, incident_of
from checks.rollback.notification import Message, NotificationError
from checks.rollback.preparation import Asked, Prepared, RefusedError, prepare, records_of
from checks.rollback.procedure import PlannedStep
from checks.rollback.records import without_torn_line
from checks.run import Request, conduct
from checks.run_folder import write_atomically

Tell = Callable[[str], None]
"""Told a line of each thing that happens."""


class HalfWayError(SignoffError):
    """The rollback stopped and could not even record it; the text says where it stands."""


@dataclass(frozen=True)
class Order:
    """Who orders the rollback, why, and the release that they name; it must be the checklist's."""

    confirmed: str
    operator: str
    why: str = ""
    evidence: tuple[Path, ...] = ()
    """Files that are kept with the record, such as the answer of `signoff rollback check --json`."""


def execute(asked: Asked, order: Order, clock: Callable[[], datetime], tell: Tell, stop: threading.Event) -> Incident:
    """Carry the rollback out, or go on with the unfinished one; returns its record, kept beside the journal.

    Raises RefusedError, and ConfigurationError, before anything is touched; HalfWayError where the journal can't be
    written any more.
    """
    records = records_of(asked)
    with records.locked():
        prepared = prepare(asked, clock())
        _check_allowed(prepared, order)
        folder = prepared.unfinished.path if prepared.unfinished else records.create(clock())
        path = folder / "journal.jsonl"
        if prepared.unfinished:
            without_torn_line(path)
        try:
            with Journal(path) as journal:
                _Execution(prepared, order, folder, journal, tell, stop).run()
            incident = incident_of(read_journal(path), str(folder))
            write_atomically(folder / "incident.json", (incident.model_dump_json(indent=2) + "\n").encode())
        except OSError as cause:
            raise HalfWayError(
                f"{path}: the rollback stopped half-way, since it cannot be recorded any more: {cause}; its last lines "
                "say which step was under way; make it writable and give the same command again"
            ) from cause
    return incident


def _check_allowed(prepared: Prepared, order: Order) -> None:
    problems = list(prepared.problems)
    if order.confirmed != prepared.release:
        problems.insert(0, f"--confirm {order.confirmed}: the release of the checklist is {prepared.release}")
    problems += [str(problem) for path in order.evidence for problem in _unreadable(path)]
    if problems:
        raise RefusedError("\n".join(["the rollback was not begun, and nothing was touched:", *problems]))


def _unreadable(path: Path) -> list[UnreadableError]:
    try:
        read_bounded(path)
    except UnreadableError as problem:
        return [problem]
    return []


@dataclass
class _Execution:
    prepared: Prepared
    order: Order
    folder: Path
    journal: Journal
    tell: Tell
    stop: threading.Event
    attempts: dict[str, int] = field(default_factory=dict)

    def run(self) -> None:
        """Do every step that is not done yet; stop at the first that fails."""
        self._begin()
        steps = self.prepared.steps
        for number, planned in enumerate(steps, 1):
            if planned.step.id in self.prepared.done:
                continue
            self.tell(f"{number}/{len(steps)} {planned.step.title}")
            reason = self._step(planned)
            if reason is not None:
                self._stopped(number, planned, reason)
                return
        self._append("rollback_finished", {})

    def _begin(self) -> None:
        prepared = self.prepared
        if prepared.unfinished:
            self._append("rollback_resumed", {"operator": self.order.operator})
            self.tell(f"going on with the rollback in {self.folder}")
            return
        facts = {
            "rollback": self.folder.name,
            "release": prepared.release,
            "previous": prepared.previous,
            "operator": self.order.operator,
            "why": self.order.why,
            "profile": prepared.loaded.profile,
            "sha256": prepared.loaded.sha256,
            "target": prepared.target.url,
            "steps": [
                {"id": each.id, "title": each.title, "would": each.would, "runbook": each.runbook}
                for each in prepared.as_plan().steps
            ],
            "lost": [each.model_dump(mode="json") for each in prepared.lost],
        }
        self.journal.append("rollback_started", {**self.prepared.redactor.value(facts), "pinned": prepared.to_pin})
        for path in self.order.evidence:
            self._append("evidence", {"file": self._stored(path.name, read_bounded(path))})

    def _step(self, planned: PlannedStep) -> str | None:
        """Do a step; why it failed, or None."""
        step = planned.step.id
        self._append("step_started", {"step": step})
        work = Work(
            rollback_id=self.folder.name,
            timeout_s=planned.step.timeout,
            note=lambda text: self._note(step, text),
            keep=lambda name, content: self._keep(step, name, content),
            smoke=self._smoke,
            stop=self.stop,
        )
        try:
            for action in planned.actions:
                action.perform(work)
        except StepError as problem:
            reason = self.prepared.redactor.text(str(problem))
            self._append("step_failed", {"step": step, "reason": reason})
            return reason
        except Exception as defect:  # whatever it is, people must learn where the rollback stands
            reason = self.prepared.redactor.text(f"{type(defect).__name__}: {defect}; this is a defect of signoff")
            self._append("step_failed", {"step": step, "reason": reason})
            return reason
        self._append("step_finished", {"step": step})
        return None

    def _stopped(self, number: int, planned: PlannedStep, reason: str) -> None:
        self._append("rollback_stopped", {"step": planned.step.id})
        if self.prepared.notify is None:
            return
        release, previous = self.prepared.release, self.prepared.previous
        text = (
            f"The rollback of {release} to {previous} stopped half-way, in step {number} ({planned.step.id}): {reason}"
        )
        message = Message(
            "rollback_stopped", text, f"{self.folder.name}-{planned.step.id}", {"rollback": self.folder.name}
        )
        try:
            self.prepared.notify.send(message, self.prepared.loaded.path.resolve().parent)
        except NotificationError as cause:
            self._append("told", {"text": f"nobody could be told that it stopped: {cause}"})
        else:
            self._append("told", {"text": f"told {self.prepared.notify} that it stopped"})

    def _note(self, step: str, text: str) -> None:
        self._append("step_note", {"step": step, "text": text})
        self.tell(f"    {self.prepared.redactor.text(text)}")

    def _keep(self, step: str, name: str, content: bytes) -> None:
        self._append("step_evidence", {"step": step, "file": self._stored(f"{step}/{name}", content)})

    def _stored(self, name: str, content: bytes) -> dict[str, Any]:
        content = self.prepared.redactor.data(content)
        path = _free(self.folder / "evidence" / name)
        write_atomically(path, content)
        file = EvidenceFile(
            name=path.name,
            path=path.relative_to(self.folder).as_posix(),
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
        )
        return file.model_dump()

    def _smoke(self, stages: Sequence[str]) -> SmokeTested:
        asked = self.prepared.asked
        request = Request(
            checklist=asked.checklist,
            profile=asked.profile,
            settings=asked.settings,
            stages=tuple(stages),
            output=_free(self.folder / "smoke"),
            environ=asked.environ,
            version=self.prepared.previous,
        )
        try:
            run, record = conduct(request, _silent, Options(interactive=False), self.stop)
        except ConfigurationError as cause:
            raise StepError(f"the smoke tests could not be run: {cause}") from cause
        return SmokeTested(record.verdict, str(run.path), record.reasons)

    def _append(self, event: str, facts: dict[str, Any]) -> None:
        self.journal.append(event, self.prepared.redactor.value(facts))


def _silent(event: Event) -> None:
    """Nobody follows the smoke tests; their report has all of it."""


def _free(path: Path) -> Path:
    """The path, or the first of its name with a number that is not taken."""
    numbered = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(2, 1_000_000))
    return path if not path.exists() else next(each for each in numbered if not each.exists())
