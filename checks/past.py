"""What a run has behind it, read from its journal: how it was asked for, and the last look at each check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from checks.journal import JournalError, read_journal
from checks.outcome import Rerun, Result
from checks.waiver import Waiver


class Asked(BaseModel):
    """How a run was asked for; what is secret of `settings` is in `hidden` by name only, and is asked for again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    checklist: str
    """Relative to the run's folder, so that both can be moved together."""
    profile: str | None = None
    settings: Mapping[str, Any] = {}
    hidden: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    reference: bool = False


@dataclass(frozen=True)
class Look:
    """The last result of a check before any waiver, what it was of, and whether it was cut short."""

    result: Result
    inputs: str | None
    interrupted: bool


@dataclass
class Past:
    """All that a run's journal tells; of a run that is about to begin, nothing."""

    run_id: str = ""
    nonce: str = ""
    asked: Asked | None = None
    selected: tuple[str, ...] = ()
    started_at: datetime | None = None
    sha256: str = ""
    looks: dict[str, Look] = field(default_factory=dict)
    again: dict[str, str] = field(default_factory=dict)
    """Checks that are to be run again and have not been yet, and why."""
    reruns: list[Rerun] = field(default_factory=list)
    waivers: list[Waiver] = field(default_factory=list)
    voided: list[str] = field(default_factory=list)
    approved: datetime | None = None
    """When the release was first approved, as the gate said when the run went on."""
    abandoned: str | None = None
    finished: bool = False
    """Whether the last session came to its end."""


def read_past(run: Path) -> Past:
    """What the journal in a run's folder tells; raises JournalError where it cannot be read or understood."""
    path = run / "journal.jsonl"
    past = Past()
    for number, event in enumerate(read_journal(path), start=1):
        try:
            _take(past, event)
        except (KeyError, TypeError, ValueError, ValidationError) as cause:
            what = f"{type(cause).__name__}: {str(cause).splitlines()[0]}"
            raise JournalError(
                f"{path}:{number}: is not as a run writes it ({what}); run the checklist again"
            ) from cause
    if past.asked is None:
        raise JournalError(f"{path}: does not tell how the run began; run the checklist again")
    return past


def _take(past: Past, event: Mapping[str, Any]) -> None:
    match event["event"]:
        case "run_started":
            past.run_id, past.nonce, past.sha256 = event["run_id"], event["nonce"], event["sha256"]
            past.asked = Asked.model_validate(event["asked"])
            past.selected = tuple(event["selected"])
            past.started_at = datetime.fromisoformat(event["ts"])
            past.finished = False
        case "run_continued":
            past.sha256, past.finished = event["sha256"], False
        case "check_finished":
            result = Result.model_validate(event["result"])
            past.looks[result.id] = Look(result, event["inputs"], event["interrupted"])
            past.again.pop(result.id, None)
        case "rerun_asked":
            rerun = Rerun.model_validate(event["rerun"])
            past.reruns.append(rerun)
            past.again |= dict.fromkeys(rerun.checks, rerun.reason)
            past.finished = False
        case "waiver_given":
            past.waivers.append(Waiver.model_validate(event["waiver"]))
            past.finished = False
        case "approvals_voided":
            past.voided += event["approvals"]
        case "release_approved":
            past.approved = datetime.fromisoformat(event["at"])
        case "run_abandoned":
            past.abandoned, past.finished = event["reason"], False
        case "run_finished":
            past.finished = True
        case unknown:
            raise ValueError(f"there is no event {unknown!r}")
