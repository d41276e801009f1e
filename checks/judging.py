"""Judges what a kind observed by what the check expects. Unknown is never pass (design, rule one)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from checks.check import Check
from checks.expectation import Expectation
from checks.observed import ABSENT, look_up
from checks.outcome import Observation, Status
from checks.units import Quantity

_SEVERITY = (Status.FAIL, Status.ERROR, Status.NO_DATA, Status.PENDING, Status.BLOCKED, Status.WARN, Status.PASS)


def worst(statuses: list[Status]) -> Status:
    """The one that weighs most: fail, then what holds, then warn, then pass."""
    return min(statuses, key=_SEVERITY.index)


def judge(check: Check, observation: Observation) -> tuple[Status, str]:
    """Status and reason of one attempt: what the kind settled itself, or else every expectation in turn."""
    if observation.status is not None:
        return observation.status, observation.reason
    if not check.expect:
        return Status.ERROR, "nothing is expected, so nothing was checked; give the check an `expect`"
    judged = [_judge(name, expected, observation.properties) for name, expected in check.expect.items()]
    status = worst([each for each, _ in judged])
    if status is not Status.PASS:
        return status, "; ".join(reason for each, reason in judged if each is not Status.PASS)
    missed = [_judge(name, preferred, observation.properties) for name, preferred in check.prefer.items()]
    if any(each is not Status.PASS for each, _ in missed):
        return Status.WARN, "preferred: " + "; ".join(reason for each, reason in missed if each is not Status.PASS)
    return Status.PASS, observation.reason


def _judge(name: str, expected: Expectation, properties: Mapping[str, Any]) -> tuple[Status, str]:
    observed = look_up(properties, name)
    if observed is ABSENT:
        absent = expected.check(None)
        if absent.holds:
            return Status.PASS, ""
        return Status.FAIL, f"{name}: absent; expected {expected}"
    judgement = expected.check(observed)
    if judgement.holds is None:
        return (Status.NO_DATA if _unknown(observed) else Status.ERROR), f"{name}: {judgement.reason}"
    return (Status.PASS, "") if judgement.holds else (Status.FAIL, f"{name}: {judgement.reason}")


def _unknown(observed: Any) -> bool:
    value = observed.value if isinstance(observed, Quantity) else observed
    return value is None or (isinstance(value, float) and not math.isfinite(value))
