"""Points a symbolic link to the folder of the version before, at once and never in between."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from checks.process import run_process
from checks.rollback.action import Planned, StepError, Surroundings, Work

ASK_S = 30.0
"""How long the program that reports its version may take."""


@dataclass(frozen=True)
class Switching:
    """Makes `link` point to `to`; `reports` is run in `to`, and must name the version before."""

    link: Path
    to: Path
    reports: tuple[str, ...]
    around: Surroundings

    def plan(self) -> Planned:
        """A version that is not installed, or is another, and a link that is none, are problems."""
        problem = self._problem()
        before = f", now to {self.link.readlink()}" if self.link.is_symlink() else ""
        return Planned((f"point {self.link} to {self.to}{before}",), () if problem is None else (problem,))

    def perform(self, work: Work) -> None:
        """Replace the link atomically; the version is asked again before."""
        problem = self._problem()
        if problem is not None:
            raise StepError(f"{problem}; the link is as it was")
        before = self.link.readlink() if self.link.is_symlink() else None
        if before == self.to:
            work.note(f"{self.link} points to {self.to} already")
            return
        new = self.link.with_name(f".{self.link.name}.{work.rollback_id}.new")
        try:
            new.unlink(missing_ok=True)
            new.symlink_to(self.to)
            new.replace(self.link)
        except OSError as cause:
            raise StepError(f"{self.link} cannot be replaced: {cause.strerror}; it is as it was") from cause
        work.note(f"{self.link} points to {self.to}, before to {before}")

    def _problem(self) -> str | None:
        if self.around.previous is None:
            return "release.previous is not set; it says which version to go back to"
        if not self.to.is_dir():
            return f"the previous version is not installed: there is no folder {self.to}"
        if self.link.exists() and not self.link.is_symlink():
            return f"{self.link} is no symbolic link"
        if not self.link.parent.is_dir():
            return f"there is no folder {self.link.parent} for the link"
        return self._version_problem(self.around.previous)

    def _version_problem(self, previous: str) -> str | None:
        program = self.reports[0]
        argv = [str(self.to / program) if "/" in program else program, *self.reports[1:]]
        said = run_process(argv, cwd=self.to, env=self.around.environment, timeout_s=ASK_S)
        if said.exit_code != 0:
            why = said.failure or f"ended with {said.signal or said.exit_code}"
            return f"the previous version cannot be asked what it is: {argv[0]}: {why}"
        if not re.search(rf"(?<![\w.]){re.escape(previous)}(?![\w.])", said.stdout.decode(errors="replace")):
            return f"what is installed in {self.to} does not say that it is {previous}"
        return None
