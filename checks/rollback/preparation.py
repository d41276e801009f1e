"""What a rollback would do now: the procedure planned, what would be lost, and every reason to refuse it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from checks.errors import ConfigurationError, Problem, SignoffError
from checks.identification import completed, identify
from checks.linting import problems_of
from checks.loading import Loaded, load
from checks.outcome import Record
from checks.places import target_names
from checks.plan import redactor_for
from checks.redaction import Redactor
from checks.rollback.loss import Loss
from checks.rollback.notification import Notification
from checks.rollback.procedure import PlannedStep, plan, scene_of
from checks.rollback.records import FOLDER, Records, Unfinished
from checks.substitution import substitute
from checks.target import Target


class RefusedError(SignoffError):
    """The rollback was not begun, and nothing was touched; the text has every reason, one a line."""


@dataclass(frozen=True)
class Asked:
    """Which rollback: of the checklist's release to its `release.previous`.

    `records` is where rollbacks are recorded, beside the checklist unless given; with `backups_before` the newest
    backups from before that moment are taken.
    """

    checklist: Path
    profile: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    records: Path | None = None
    backups_before: datetime | None = None


class StepPlan(Record):
    """One step of the dry run."""

    id: str
    title: str
    state: Literal["ready", "not_ready", "done"]
    would: tuple[str, ...]
    problems: tuple[str, ...]
    runbook: str | None = None


class RollbackPlan(Record):
    """The dry run: what would be done and lost, and what stands in the way. `resumes` is an unfinished rollback."""

    schema_version: Literal[1] = 1
    release: str
    previous: str
    target: str | None
    state: Literal["ready", "not_ready"]
    resumes: str | None
    steps: tuple[StepPlan, ...]
    lost: tuple[Loss, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Prepared:
    """A rollback that is ready to be carried out, or says why not."""

    asked: Asked
    loaded: Loaded
    target: Target
    redactor: Redactor
    notify: Notification | None
    steps: tuple[PlannedStep, ...]
    unfinished: Unfinished | None
    lost: tuple[Loss, ...]
    problems: tuple[str, ...]

    @property
    def release(self) -> str:
        """The version that is left."""
        return self.loaded.checklist.release.version

    @property
    def previous(self) -> str:
        """The version that is gone back to."""
        return self.loaded.checklist.release.previous or ""

    @property
    def done(self) -> frozenset[str]:
        """The steps that an unfinished rollback has done."""
        return self.unfinished.finished_steps if self.unfinished else frozenset()

    @property
    def to_pin(self) -> dict[str, dict[str, str]]:
        """What a rollback that is gone on with must find again, exactly: backups, and what the target reported."""
        stated, known = self.loaded.checklist.target, self.target
        reported = {name: getattr(known, name) for name in stated.reported if getattr(stated, name) is None}
        chosen = {each.step.id: each.restoring.backup for each in self.steps if each.restoring is not None}
        return {
            "backups": {id_: str(path) for id_, path in chosen.items()},
            "target": {name: value for name, value in reported.items() if value is not None},
        }

    def as_plan(self) -> RollbackPlan:
        """The dry run as it is shown, without secrets."""
        told = RollbackPlan(
            release=self.release,
            previous=self.previous,
            target=self.target.url,
            state="not_ready" if self.problems else "ready",
            resumes=str(self.unfinished.path) if self.unfinished else None,
            steps=tuple(
                StepPlan(
                    id=each.step.id,
                    title=each.step.title,
                    state="done" if each.step.id in self.done else "not_ready" if each.problems else "ready",
                    would=each.would,
                    problems=() if each.step.id in self.done else each.problems,
                    runbook=each.step.runbook,
                )
                for each in self.steps
            ),
            lost=self.lost,
            problems=self.problems,
        )
        return RollbackPlan.model_validate(self.redactor.value(told.model_dump()))


def records_of(asked: Asked) -> Records:
    """Where the rollbacks of a checklist are recorded."""
    return Records(asked.records or asked.checklist.resolve().parent / FOLDER)


def prepare(asked: Asked, now: datetime) -> Prepared:
    """Plan the rollback and compare backups with what is there; changes nothing.

    What stands in the way is in `problems`; raises ConfigurationError for a checklist with faults, without a procedure
    or without `release.previous`, and for an unfinished rollback that cannot be gone on with.
    """
    loaded = load(asked.checklist, profile=asked.profile, settings=asked.settings, environ=asked.environ)
    _check_usable(loaded)
    unfinished = records_of(asked).unfinished(loaded.checklist.release.version, now)
    target = _target(loaded, unfinished)
    names = loaded.names.extended({**target_names(target), "run.python": sys.executable})
    values, _ = substitute(dict(loaded.values), names)
    scene = replace(
        scene_of(loaded, names.extended(values)),
        backups_before=asked.backups_before,
        chosen={id_: Path(path) for id_, path in unfinished.pinned["backups"].items()} if unfinished else {},
    )
    rollback = loaded.checklist.rollback
    steps = plan(rollback, scene)
    done = unfinished.finished_steps if unfinished else frozenset()
    left = [each for each in steps if each.step.id not in done]
    losses = [each.restoring.loss() for each in left if each.restoring and not each.problems]
    problems = [f"step {each.step.id}: {problem}" for each in left for problem in each.problems]
    if unfinished is None:
        problems = [*_wrong_release(loaded, target), *problems]
    redactor = redactor_for(loaded, scene.names, target)
    return Prepared(
        asked,
        loaded,
        target,
        redactor,
        scene.notification(rollback)[0],
        steps,
        unfinished,
        tuple(each for each in losses if each is not None),
        tuple(map(redactor.text, problems)),
    )


def _check_usable(loaded: Loaded) -> None:
    problems = problems_of(loaded)
    checklist = loaded.checklist
    if not problems and not checklist.rollback.procedure:
        problems = [Problem(str(loaded.path), None, None, "there are no steps under `rollback.procedure`; write some")]
    if not problems and checklist.release.previous is None:
        message = "release.previous is not set; it says which version to go back to"
        problems = [Problem(str(loaded.path), None, None, message)]
    if problems:
        raise ConfigurationError(problems)


def _target(loaded: Loaded, unfinished: Unfinished | None) -> Target:
    """The target with what it reports of itself, or with what it reported when the rollback was begun."""
    stated = loaded.checklist.target
    if unfinished is None:
        return completed(stated)
    return stated.model_copy(update=unfinished.pinned["target"])


def _wrong_release(loaded: Loaded, target: Target) -> list[str]:
    """That the target runs something else than the release; a target that does not answer may well be the reason."""
    release = loaded.checklist.release
    identity = identify(target)
    if identity.problem is not None or identity.version == release.version:
        return []
    return [f"the target at {target.url} says it is {identity.version}, not {release.version}"]
