"""Runs one check: attempts, retries, rounds, the time limit, evidence; and makes its result."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from checks.check import Check, Context
from checks.judging import judge, worst
from checks.observed import as_json, storable
from checks.outcome import Attempt, Evidence, EvidenceFile, Observation, Result, Status, error
from checks.redaction import Redactor
from checks.units import Dimension, Quantity

Store = Callable[[Evidence, Redactor], EvidenceFile]
"""Keeps a piece of evidence, redacted."""
GRACE_S = 6.0
"""How long a check that was told to stop may take to clean up, before its thread is left behind."""
MAX_REASON = 2000


def execute(check: Check, stage: str, context: Context, store: Store) -> Result:
    """Look as often as the check says, and return the result with every attempt recorded; evidence goes to `store`."""
    started = context.now()
    clock = time.monotonic()
    attempts: list[Attempt] = []
    last: Observation
    if check.repeat is None:
        last = _with_retries(check, context, attempts)
        status, reason = attempts[-1].status, attempts[-1].reason
    else:
        last = _rounds(check, context, attempts)
        status = worst([attempt.status for attempt in attempts])
        bad = [attempt.reason for attempt in attempts if attempt.status is status]
        reason = f"{len(attempts)} rounds over {_span(check.repeat.for_)}"
        if status is not Status.PASS:
            reason = f"{len(bad)} of {reason}: {bad[-1]}"
    evidence = tuple(store(each, context.redactor) for each in last.evidence)
    raw_status = None
    if not check.required and status in {Status.FAIL, Status.NO_DATA, Status.ERROR}:
        status, raw_status = Status.WARN, status
    redactor = context.redactor
    return Result(
        id=check.id,
        title=redactor.text(check.title),
        stage=stage,
        covers=check.covers,
        kind=check.kind,
        status=status,
        raw_status=raw_status,
        required=check.required,
        trial=check.trial,
        expected={name: redactor.text(str(expected)) for name, expected in check.expect.items()},
        observed=redactor.value(as_json(last.properties)),
        reason=storable(redactor.text(reason))[:MAX_REASON],
        remedy=storable(redactor.text(last.remedy)),
        why=check.why,
        runbook=check.runbook,
        parts=tuple(getattr(check, "part_ids", ())),
        attempts=tuple(attempts),
        started_at=started,
        duration_ms=round((time.monotonic() - clock) * 1000, 3),
        evidence=evidence,
    )


def _with_retries(check: Check, context: Context, attempts: list[Attempt]) -> Observation:
    tries = 1 + (check.retry.times if check.retry else 0)
    for number in range(tries):
        observation = _attempt(check, context, attempts)
        if attempts[-1].status in {Status.PASS, Status.WARN, Status.PENDING} or number == tries - 1:
            break
        if check.retry is None or context.stop.wait(check.retry.every):
            break
    return observation


def _rounds(check: Check, context: Context, attempts: list[Attempt]) -> Observation:
    """Look every so often until the span is over; at least twice, so that a span is a span."""
    repeat = check.repeat
    if repeat is None:
        raise ValueError("a check without `repeat` has no rounds")
    begun = time.monotonic()
    worst_seen: Observation | None = None
    while True:
        observation = _attempt(check, context, attempts)
        if worst_seen is None or attempts[-1].status is worst([attempt.status for attempt in attempts]):
            worst_seen = observation
        left = repeat.for_ - (time.monotonic() - begun)
        if left <= 0:
            return worst_seen
        if context.stop.wait(min(repeat.every, left)):
            attempts.append(_interrupted(context))
            return worst_seen


def _interrupted(context: Context) -> Attempt:
    return Attempt(status=Status.ERROR, reason="interrupted", started_at=context.now(), duration_ms=0)


def _attempt(check: Check, context: Context, attempts: list[Attempt]) -> Observation:
    started = context.now()
    clock = time.monotonic()
    observation = _observe_in_time(check, context)
    status, reason = judge(check, observation)
    attempts.append(
        Attempt(
            status=status,
            reason=storable(context.redactor.text(reason))[:MAX_REASON],
            started_at=started,
            duration_ms=round((time.monotonic() - clock) * 1000, 3),
            observed=_figures(observation, context) if check.repeat else {},
        )
    )
    return observation


def _figures(observation: Observation, context: Context) -> dict[str, object]:
    """What a round saw, short: the single values and no lists."""
    shown = {name: value for name, value in observation.properties.items() if not isinstance(value, (list, dict))}
    return dict(context.redactor.value(as_json(shown)))


def _observe_in_time(check: Check, context: Context) -> Observation:
    """Let the kind look in a thread of its own; when its time is over, tell it to stop and say so."""
    stop = threading.Event()
    done = threading.Event()
    seen: list[Observation] = []

    def look() -> None:
        try:
            seen.append(_looked(check, replace(context, stop=stop)))
        finally:
            done.set()

    thread = threading.Thread(target=look, name=f"check {check.id}", daemon=True)
    thread.start()
    deadline = time.monotonic() + context.timeout_s
    while not done.wait(min(0.1, max(0.0, deadline - time.monotonic()))):
        if context.stop.is_set() or time.monotonic() >= deadline:
            stop.set()
            done.wait(GRACE_S)
            break
    if context.stop.is_set() and stop.is_set():
        return error("interrupted")
    if stop.is_set():
        return error(
            f"timed out after {_span(context.timeout_s)}", remedy="give it a longer `timeout`, or mend what is slow"
        )
    return seen[0]


def _looked(check: Check, context: Context) -> Observation:
    """What the kind saw; one, perhaps a plug-in's, that misbehaves is an error of the check and not of the run."""
    try:
        seen: object = check.observe(context)
    except (Exception, SystemExit) as defect:
        return error(f"the kind {check.kind!r} raised {type(defect).__name__}: {defect}")
    return seen if isinstance(seen, Observation) else error(f"the kind {check.kind!r} returned no observation")


def _span(span_s: float) -> str:
    return str(Quantity(span_s, Dimension.TIME))


def not_run(check_id: str, title: str, stage: str, status: Status, reason: str, **facts: object) -> Result:
    """The result of a check that was not looked at, and why."""
    return Result.model_validate(
        {"id": check_id, "title": title, "stage": stage, "kind": None, "status": status, "reason": reason}
        | {"required": True}
        | facts
    )


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)
