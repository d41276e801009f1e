"""What became of a rollback, as its journal tells it: the incident's record, finished or stopped half-way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from checks.outcome import EvidenceFile, Record
from checks.rollback.loss import Loss

FAILS = "runbooks/rollback.md#if-a-step-fails"


class IncidentStep(Record):
    """One step: how it ended, how often it was begun, and what it said."""

    id: str
    title: str
    state: Literal["done", "failed", "under_way", "not_begun"]
    attempts: int
    would: tuple[str, ...]
    notes: tuple[str, ...]
    reason: str = ""
    runbook: str | None = None
    evidence: tuple[EvidenceFile, ...] = ()


class Moment(Record):
    """One line of the timeline."""

    at: datetime
    what: str


class Incident(Record):
    """The record of a rollback. `state` is `stopped` from its first event to the last step's end."""

    schema_version: Literal[1] = 1
    rollback: str
    state: Literal["finished", "stopped"]
    release: str
    previous: str
    target: str | None
    operator: str
    why: str
    started_at: datetime
    ended_at: datetime
    stopped_in: str | None = None
    reason: str = ""
    next: str = ""
    lost: tuple[Loss, ...]
    steps: tuple[IncidentStep, ...]
    evidence: tuple[EvidenceFile, ...]
    """What was given with the order; each step has its own."""
    timeline: tuple[Moment, ...]
    folder: str


def incident_of(events: Sequence[dict[str, Any]], folder: str) -> Incident:
    """The record that a journal's events make; raises ValueError where they do not begin with the start."""
    if not events or events[0]["event"] != "rollback_started":
        raise ValueError("the journal does not begin with the start of a rollback")
    first, last = events[0], events[-1]
    steps = tuple(_step(each, events) for each in first["steps"])
    finished = last["event"] == "rollback_finished"
    open_step = next((step for step in steps if step.state != "done"), None)
    stopped_in = None if finished or open_step is None else open_step.id
    return Incident(
        rollback=first["rollback"],
        state="finished" if finished else "stopped",
        release=first["release"],
        previous=first["previous"],
        target=first["target"],
        operator=first["operator"],
        why=first["why"],
        started_at=datetime.fromisoformat(first["ts"]),
        ended_at=datetime.fromisoformat(last["ts"]),
        stopped_in=stopped_in,
        reason="" if finished or open_step is None else open_step.reason or "it was ended while the step was under way",
        next="" if finished else _next(open_step),
        lost=tuple(Loss.model_validate(each) for each in first["lost"]),
        steps=steps,
        evidence=tuple(EvidenceFile.model_validate(each["file"]) for each in events if each["event"] == "evidence"),
        timeline=tuple(_moments(events)),
        folder=folder,
    )


def _step(stated: dict[str, Any], events: Sequence[dict[str, Any]]) -> IncidentStep:
    own = [each for each in events if each.get("step") == stated["id"] and each["event"].startswith("step_")]
    names = [each["event"] for each in own]
    failed = [each for each in own if each["event"] == "step_failed"]
    if "step_finished" in names:
        state: Literal["done", "failed", "under_way", "not_begun"] = "done"
    elif names and names[-1] == "step_failed":
        state = "failed"
    else:
        state = "under_way" if names else "not_begun"
    return IncidentStep(
        id=stated["id"],
        title=stated["title"],
        state=state,
        attempts=names.count("step_started"),
        would=tuple(stated["would"]),
        notes=tuple(each["text"] for each in own if each["event"] == "step_note"),
        reason=failed[-1]["reason"] if state == "failed" else "",
        runbook=stated["runbook"],
        evidence=tuple(EvidenceFile.model_validate(each["file"]) for each in own if each["event"] == "step_evidence"),
    )


def _next(step: IncidentStep | None) -> str:
    if step is None:
        return "give the same command again; every step is done, and the record is finished"
    return (
        f"see {FAILS} about step {step.id}; mend what stopped it and give the same command again: it goes on with this "
        "step, and the steps before it are not done again"
    )


def _moments(events: Sequence[dict[str, Any]]) -> list[Moment]:
    texts = {
        "rollback_started": "the rollback of {release} to {previous} began",
        "rollback_resumed": "{operator} went on with it",
        "step_started": "{step}: begun",
        "step_note": "{step}: {text}",
        "step_failed": "{step}: failed: {reason}",
        "step_finished": "{step}: done and verified",
        "told": "{text}",
        "rollback_stopped": "the rollback stopped half-way",
        "rollback_finished": "the rollback is finished",
    }
    return [
        Moment(at=datetime.fromisoformat(each["ts"]), what=texts[each["event"]].format_map(each))
        for each in events
        if each["event"] in texts
    ]
