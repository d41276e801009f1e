"""Judges what was seen of a fault: caught by the checks named, by others, or missed; and who raised a false alarm."""

from __future__ import annotations

from collections.abc import Sequence

from checks.drill.fault import Fault
from checks.drill.looking import expanded
from checks.drill.outcome import FaultRecord, PageSeen, SeenCheck, State
from checks.outcome import Status

ALARM = frozenset({Status.FAIL, Status.NO_DATA, Status.ERROR})
"""The statuses of a check that did not pass by its own look, and that hold a release back."""
NOTICED = ALARM | {Status.WARN}
"""A preference that is missed is shown; where the catalogue names the check, that is to notice."""
ANY = "*"


def alarms_of(seen: Sequence[SeenCheck]) -> tuple[str, ...]:
    """The ids of the checks that did not pass."""
    return tuple(check.id for check in seen if check.status in ALARM)


def judged(fault: Fault, seen: Sequence[SeenCheck], page: PageSeen | None, duration_s: float) -> FaultRecord:
    """The record of a fault by what was seen."""
    ids = [check.id for check in seen]
    expected = expanded(fault.caught_by, ids)
    excused = {*expected, *expanded(fault.consequences, ids)}
    by_id = {check.id: check for check in seen}
    alarms = alarms_of(seen)
    unnoticed = [name for name in expected if name not in by_id or by_id[name].status not in NOTICED]
    state, why = _state(fault, [by_id[name] for name in expected if name in by_id], unnoticed, alarms)
    return FaultRecord(
        **_told(fault),
        state=state,
        expected=expected,
        failed=tuple(
            check.id for check in seen if check.status in ALARM or (check.id in expected and check.status in NOTICED)
        ),
        unexpected=() if ANY in fault.consequences else tuple(name for name in alarms if name not in excused),
        why=why,
        looked_at=tuple(seen),
        page=page,
        duration_s=round(duration_s, 3),
    )


def _state(
    fault: Fault, expected: Sequence[SeenCheck], unnoticed: Sequence[str], alarms: Sequence[str]
) -> tuple[State, str]:
    if unnoticed:
        others = [name for name in alarms if name not in fault.caught_by]
        noticed = [check.id for check in expected if check.id not in unnoticed]
        elsewhere = f"; not quiet were {', '.join([*noticed, *others][:8])}" if alarms else ""
        return ("caught_elsewhere" if alarms else "missed"), f"not noticed by {', '.join(unnoticed)}{elsewhere}"
    if fault.says and not any(fault.says in check.reason for check in expected):
        return "caught_elsewhere", f"no reason says {fault.says!r}: {'; '.join(check.reason for check in expected)}"
    return "caught", "; ".join(f"{check.id}: {check.reason}" for check in expected[:3])


def left_out(fault: Fault, state: State, why: str) -> FaultRecord:
    """The record of a fault that was not injected."""
    return FaultRecord(**_told(fault), state=state, expected=fault.caught_by, why=why)


def _told(fault: Fault) -> dict[str, object]:
    return fault.model_dump(include={"id", "family", "site", "breaks", "how", "traps"})
