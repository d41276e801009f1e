"""Where a run stands, told without looking at anything: what is done, due and awaited, by whom, and what comes next."""

from __future__ import annotations

import fcntl
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from checks.outcome import Result, RunRecord, Status
from checks.past import Past, read_past
from checks.record_file import read_record
from checks.signing.inventory import SIGNATURES
from checks.signing.signatures import signature_names
from checks.ways_out import WayOut, ways_out

State = Literal["running", "unfinished", "finished", "abandoned"]


@dataclass(frozen=True)
class Awaited:
    """Something that only a person can give: an answer to a check, or an approval in a role."""

    what: Literal["answer", "approval"]
    of: str
    reason: str


@dataclass(frozen=True)
class Standing:
    """Where a run stands. `verdict` is None until a session has come to its end."""

    run_id: str
    state: State
    verdict: str | None
    scope: str | None
    done: int
    checks: int
    due: tuple[str, ...]
    scheduled: tuple[tuple[str, str], ...]
    awaited: tuple[Awaited, ...]
    reruns: int
    ways_out: tuple[WayOut, ...]
    next: str | None
    """The command to give next; None where nobody has to do anything."""


def standing_of(run: Path, shown: str, now: datetime) -> Standing:
    """Where the run in a folder stands; `shown` is the folder as commands name it.

    Raises JournalError or RecordError where the run cannot be understood.
    """
    past = read_past(run)
    record = read_record(run) if (run / "verdict.json").is_file() else None
    state = _state(run, past)
    if not past.finished:
        record = None
    looks = [past.looks[name] for name in past.selected if name in past.looks]
    waiting = {Status.PENDING, Status.BLOCKED, Status.SCHEDULED}
    done = sum(not look.interrupted and look.result.status not in waiting for look in looks)
    awaited = (*_answers(past), *(_approvals(run, record) if record and record.scope == "full" else ()))
    due = tuple(_due(past, now)) if state != "abandoned" else ()
    return Standing(
        run_id=past.run_id,
        state=state,
        verdict=record.verdict.value if record else None,
        scope=record.scope if record else None,
        done=done,
        checks=len(past.selected),
        due=due,
        scheduled=tuple(_scheduled(past, now)),
        awaited=awaited if state != "abandoned" else (),
        reruns=len(past.reruns),
        ways_out=ways_out(record, shown, now) if record and state == "finished" else (),
        next=_next(state, due, past, record, awaited, shown),
    )


def awaits_approval(run: Path) -> bool:
    """Whether a finished run has checks whose due time depends on what has not happened; raises JournalError."""
    return _awaits_approval(read_past(run))


def _awaits_approval(past: Past) -> bool:
    return past.finished and past.approved is None and any(each.due_at is None for each in _of_later(past))


def _state(run: Path, past: Past) -> State:
    if past.abandoned is not None:
        return "abandoned"
    if _is_held(run):
        return "running"
    return "finished" if past.finished else "unfinished"


def _is_held(run: Path) -> bool:
    try:
        with (run / ".lock").open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _due(past: Past, now: datetime) -> list[str]:
    """What the next session looks at, as far as the journal tells: the target is not asked."""
    never = [name for name in past.selected if name not in past.looks or past.looks[name].interrupted]
    came = [result.id for result in _of_later(past) if result.due_at is not None and result.due_at <= now]
    return [*dict.fromkeys([*past.again, *never, *came])]


def _of_later(past: Past) -> list[Result]:
    return [look.result for look in past.looks.values() if look.result.status is Status.SCHEDULED]


def _scheduled(past: Past, now: datetime) -> list[tuple[str, str]]:
    looks = [result for result in _of_later(past) if result.due_at is None or result.due_at > now]
    return [*dict.fromkeys((result.stage, result.reason) for result in looks)]


def _answers(past: Past) -> list[Awaited]:
    pending = [look.result for look in past.looks.values() if look.result.status is Status.PENDING]
    return [Awaited("answer", result.id, result.reason) for result in pending]


def _approvals(run: Path, record: RunRecord) -> Sequence[Awaited]:
    """Roles of which there is no signature; whether those that there are count, the gate says."""
    given = {name.partition(".")[0] for name in signature_names(run) if (run / SIGNATURES / name).is_file()}
    return [
        Awaited("approval", each.role, f"{each.title} has to sign")
        for each in record.approvals
        if each.role not in given
    ]


def _next(
    state: State, due: Sequence[str], past: Past, record: RunRecord | None, awaited: Sequence[Awaited], run: str
) -> str | None:
    if state in {"abandoned", "running"}:
        return None
    if state == "unfinished" or due or record is None or any(each.what == "answer" for each in awaited):
        return f"signoff continue {run}"
    ways = [way.command for way in ways_out(record, run, record.finished_at)]
    if ways:
        return ways[0]
    if record.scope == "partial":
        return _whole(past, run)
    roles = [each.of for each in awaited if each.what == "approval"]
    if roles:
        return f"signoff approve {run} --role {roles[0]} --key KEY"
    return f"signoff {'continue' if _awaits_approval(past) else 'gate'} {run}"


def _whole(past: Past, run: str) -> str | None:
    """The command for a run of the whole checklist, which a release needs."""
    if past.asked is None:
        return None
    checklist = os.path.relpath((Path(run) / past.asked.checklist).resolve())
    profile = ["--profile", past.asked.profile] if past.asked.profile else []
    reference = ["--reference"] if past.asked.reference else []
    return shlex.join(["signoff", "run", checklist, *profile, *reference])
