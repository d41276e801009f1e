"""Waivers at work: what they cover, and which of them should not be there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from checks.outcome import Result, Status
from checks.waiver import Waiver

COVERED = frozenset({Status.FAIL, Status.NO_DATA, Status.ERROR})
"""What a waiver can cover (design §2): never a signature or an answer that is awaited."""


def waived(result: Result, waivers: Iterable[Waiver], release: str, now: datetime) -> Result:
    """The result, or where a waiver counts for it, the same with the status `waived`; what was seen is kept."""
    if result.status not in COVERED:
        return result
    for waiver in waivers:
        if waiver.covers(result.id, release, now):
            shown = {key: str(value) for key, value in waiver.model_dump(mode="json").items() if value is not None}
            return result.model_copy(update={"status": Status.WAIVED, "raw_status": result.status, "waiver": shown})
    return result


def findings(waivers: Iterable[Waiver], results: Mapping[str, Result], release: str, now: datetime) -> tuple[str, ...]:
    """Waivers that do not count, are not needed, or cover more than one thing: each with why."""
    return tuple(f"waiver {waiver.id} {why}" for waiver in waivers for why in _wrong(waiver, results, release, now))


def _wrong(waiver: Waiver, results: Mapping[str, Result], release: str, now: datetime) -> Iterator[str]:
    used = results.get(waiver.check)
    if waiver.release != release:
        yield f"is for release {waiver.release}, not {release}; it does not count"
    elif now > waiver.expires:
        yield f"expired at {waiver.expires.isoformat()}; it does not count"
    elif now < waiver.created:
        yield "is dated in the future; it does not count"
    elif used is not None and used.status is Status.PASS:
        yield f"is not needed: {waiver.check} passed"
    elif used is not None and used.status in {Status.NOT_SELECTED, Status.NOT_APPLICABLE, Status.SCHEDULED}:
        yield f"is not used: {waiver.check} is {used.status.value}"
    if used is not None and used.parts:
        yield f"is over-broad: {waiver.check} is rolled up from {len(used.parts)} checks; waive the one that fails"
    if waiver.owner.casefold().strip() == waiver.approver.casefold().strip():
        yield f"was approved by its own owner, {waiver.owner}"
