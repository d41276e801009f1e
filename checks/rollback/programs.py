"""The parts of a step that run something: programs, the wait for the version before, smoke tests, the notification."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from checks.identification import identify
from checks.outcome import Verdict
from checks.process import run_process
from checks.rollback.action import Planned, StepError, Surroundings, Work
from checks.rollback.notification import Message, NotificationError
from checks.target import Target

POLL_S = 0.2
SAID = 600
"""Characters of a failed program's last words that are repeated."""


@dataclass(frozen=True)
class Programs:
    """Runs programs one after the other, in the checklist's folder; each must end with 0."""

    commands: tuple[tuple[str, ...], ...]
    verb: str
    around: Surroundings

    def plan(self) -> Planned:
        """Each command; a program that is not there is a problem."""
        return Planned(
            tuple(f"{self.verb}: {' '.join(argv)}" for argv in self.commands),
            tuple(f"program not found: {argv[0]}" for argv in self.commands if not self._is_there(argv[0])),
        )

    def perform(self, work: Work) -> None:
        """Run them; their output is kept as evidence, and a failure's last words are in the error."""
        for number, argv in enumerate(self.commands, 1):
            work.check_wanted()
            done = run_process(
                argv, cwd=self.around.root, env=self.around.environment, timeout_s=work.timeout_s, stop=work.stop
            )
            output = done.stdout + done.stderr
            if output:
                work.keep(f"{self.verb.partition(' ')[0]}-{number}.txt", output)
            if done.timed_out:
                raise StepError(f"{argv[0]} did not end within {work.timeout_s:g} s")
            if done.exit_code != 0:
                why = done.failure or f"ended with {done.signal or done.exit_code}"
                spoken = output.decode(errors="replace").strip()[-SAID:]
                raise StepError(f"{argv[0]} {why}{f': {spoken}' if spoken else ''}")
            work.note(f"{argv[0]} ended with 0")

    def _is_there(self, program: str) -> bool:
        path = str(self.around.root / program) if "/" in program else program
        return shutil.which(path, path=self.around.environment["PATH"]) is not None


@dataclass(frozen=True)
class Answering:
    """Waits until the server at `url` says that it is the version before."""

    url: str
    around: Surroundings

    def plan(self) -> Planned:
        """That no version before is named is a problem."""
        would = (f"wait until {self.url}{self.around.identity} says {self.around.previous}",)
        if self.around.previous is None:
            return Planned(would, ("release.previous is not set; it says which version must answer",))
        return Planned(would)

    def perform(self, work: Work) -> None:
        """Ask until it is so, or the time is over."""
        deadline = time.monotonic() + work.timeout_s
        while True:
            work.check_wanted()
            identity = identify(Target(url=self.url, identity=self.around.identity))
            if identity.version == self.around.previous:
                work.note(f"{self.url} answers as {identity.version}, build {identity.build}")
                return
            if time.monotonic() > deadline:
                said = identity.problem or f"it says that it is {identity.version}"
                raise StepError(f"{self.url} is not {self.around.previous} after {work.timeout_s:g} s: {said}")
            work.stop.wait(POLL_S)


@dataclass(frozen=True)
class SmokeTesting:
    """Runs stages of the checklist against the version before; they must be GO."""

    stages: tuple[str, ...]
    known: Sequence[str]
    around: Surroundings

    def plan(self) -> Planned:
        """A stage that the checklist has not is a problem."""
        problems = tuple(f"the checklist has no stage {stage}" for stage in self.stages if stage not in self.known)
        return Planned((f"run the stages {', '.join(self.stages)} against {self.around.previous}",), problems)

    def perform(self, work: Work) -> None:
        """Run them; any verdict but GO is an error with its reasons."""
        work.check_wanted()
        found = work.smoke(self.stages)
        work.keep("smoke-verdict.json", (Path(found.folder) / "verdict.json").read_bytes())
        if found.verdict is not Verdict.GO:
            reasons = "; ".join(found.reasons[:3])
            raise StepError(f"the smoke tests say {found.verdict}: {reasons} (report in {found.folder})")
        work.note(f"the smoke tests say GO (report in {found.folder})")


@dataclass(frozen=True)
class Telling:
    """Tells the team."""

    text: str
    around: Surroundings

    def plan(self) -> Planned:
        """That nobody is named who could be told is a problem, and so is a name that is not set."""
        if self.around.notify is None:
            return Planned((f"tell: {self.text}",), (f"rollback.notify: {self.around.notify_problem}",))
        return Planned((f"tell {self.around.notify}: {self.text}",))

    def perform(self, work: Work) -> None:
        """Send it; a receiver that did not take it is an error."""
        if self.around.notify is None:
            raise StepError(f"rollback.notify: {self.around.notify_problem}")
        message = Message("rollback_done", self.text, f"{work.rollback_id}-done", {"rollback": work.rollback_id})
        try:
            self.around.notify.send(message, self.around.root, work.stop)
        except NotificationError as cause:
            raise StepError(str(cause)) from cause
        work.note(f"told {self.around.notify}")
