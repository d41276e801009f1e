"""The rollback procedure: each step as the actions that it is made of, gone through without acting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from checks.checklist import Rollback
from checks.loading import Loaded
from checks.outcome import ProcedureStep
from checks.programs import child_environment
from checks.rollback.action import Action, StepError, Surroundings
from checks.rollback.notification import Notification, NotificationError
from checks.rollback.programs import Answering, Programs, SmokeTesting, Telling
from checks.rollback.restoring import Restoring
from checks.rollback.steps import DOES, RollbackStep
from checks.rollback.stopping import Stopping, is_listened_on
from checks.rollback.switching import Switching
from checks.substitution import Names, substitute


@dataclass(frozen=True)
class Scene:
    """Where a procedure takes place. `stages` are the checklist's; relative paths start at `root`, its folder."""

    names: Names
    root: Path
    stages: Sequence[str] = ()
    previous: str | None = None
    identity: str = "/healthz"
    backups_before: datetime | None = None
    chosen: Mapping[str, Path] | None = None
    """Backups that were chosen before, by the step's id."""

    def notification(self, rollback: Rollback) -> tuple[Notification | None, str | None]:
        """Whom `rollback.notify` names, or why nobody could be told."""
        if rollback.notify is None:
            return None, "name a webhook or a command"
        try:
            return rollback.notify.resolved(self.names), None
        except NotificationError as cause:
            return None, str(cause)


def scene_of(loaded: Loaded, names: Names) -> Scene:
    """Where a checklist's rollback procedure takes place."""
    checklist = loaded.checklist
    return Scene(
        names=names,
        root=loaded.path.resolve().parent,
        stages=tuple(stage.id for stage in checklist.stages),
        previous=checklist.release.previous,
        identity=checklist.target.identity,
    )


@dataclass(frozen=True)
class PlannedStep:
    """A step with its actions, what they would do, and why it could not."""

    step: RollbackStep
    actions: tuple[Action, ...]
    would: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def restoring(self) -> Restoring | None:
        """Its restoration, if it has one."""
        return next((each for each in self.actions if isinstance(each, Restoring)), None)


def plan(rollback: Rollback, scene: Scene) -> tuple[PlannedStep, ...]:
    """Every step with what it would do; a missing name, program, version or backup is a problem. Changes nothing."""
    notify, problem = scene.notification(rollback)
    around = Surroundings(scene.root, child_environment(), scene.previous, scene.identity, notify, problem)
    return tuple(_planned(step, scene, around) for step in rollback.procedure)


def rehearse(rollback: Rollback, scene: Scene) -> tuple[ProcedureStep, ...]:
    """Each step with what it would do, for a run's record; here a server that is to be stopped must be there."""
    return tuple(
        ProcedureStep(
            id=each.step.id,
            title=each.step.title,
            covers=each.step.covers,
            state="not_ready" if problems else "ready",
            dry_run=each.would,
            reason="; ".join(problems),
        )
        for each in plan(rollback, scene)
        for problems in [(*each.problems, *_nobody_to_stop(each))]
    )


def _nobody_to_stop(planned: PlannedStep) -> tuple[str, ...]:
    urls = [each.url for each in planned.actions if isinstance(each, Stopping)]
    try:
        return tuple(f"nobody listens at {url}" for url in urls if not planned.problems and not is_listened_on(url))
    except StepError:
        return ()


def _planned(step: RollbackStep, scene: Scene, around: Surroundings) -> PlannedStep:
    raw = step.model_dump(include=set(DOES), mode="json")
    resolved, missing = substitute(raw, scene.names)
    if missing:
        names = dict.fromkeys(hole.name for hole in missing)
        return PlannedStep(step, (), (), tuple(f"${{{name}}} is not set" for name in names))
    filled = RollbackStep.model_validate({"id": step.id, "title": step.title, **resolved})
    step = filled.model_copy(update=step.model_dump(include={"covers", "timeout", "runbook"}))
    actions = tuple(_actions(step, scene, around))
    plans = [action.plan() for action in actions]
    problems = [problem for each in plans for problem in each.problems]
    if not actions:
        problems.append("the step does nothing")
    return PlannedStep(step, actions, tuple(line for each in plans for line in each.would), tuple(problems))


def _actions(step: RollbackStep, scene: Scene, around: Surroundings) -> list[Action]:
    actions: list[Action] = []
    if step.stop is not None:
        actions.append(Stopping(step.stop))
    if step.restore is not None:
        pattern, to = (scene.root / Path(path).expanduser() for path in (step.restore.newest, step.restore.to))
        actions.append(Restoring(pattern, to, scene.backups_before, (scene.chosen or {}).get(step.id)))
    if step.switch is not None:
        link, to = (scene.root / Path(path).expanduser() for path in (step.switch.link, step.switch.to))
        actions.append(Switching(link, to, step.switch.reports, around))
    if step.do:
        actions.append(Programs(step.do, "run", around))
    if step.answers is not None:
        actions.append(Answering(step.answers, around))
    if step.smoke:
        actions.append(SmokeTesting(step.smoke, scene.stages, around))
    if step.verify:
        actions.append(Programs(step.verify, "verify with", around))
    if step.notify is not None:
        actions.append(Telling(step.notify, around))
    return actions
