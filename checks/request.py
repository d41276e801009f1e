"""What is asked of a run: which checklist, what of it, against what, and whether a run is gone on with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from checks.waiver import Waiver


@dataclass(frozen=True)
class Resumption:
    """A run to go on with. `again` are the checks that somebody wants looked at again, and `reason` is why."""

    run: Path
    again: tuple[str, ...] = ()
    reason: str = ""
    waiver: Waiver | None = None
    """A waiver that somebody gives to this run."""
    approved: datetime | None = None
    """When the release was approved, as the gate says now."""

    @property
    def acts(self) -> bool:
        """Whether somebody wants something of the run, beyond what is due."""
        return bool(self.again) or self.waiver is not None


@dataclass(frozen=True)
class Request:
    """What to run, and against what."""

    checklist: Path
    profile: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    stages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    output: Path | None = None
    provided: Mapping[str, Any] = field(default_factory=dict)
    """Settings that nobody gave: what is known of the target that was started for this run."""
    reference: bool = False
    silent_because: str | None = None
    """Why the target is known not to answer, where that is known."""
    build: str | None = None
    """The build that the target must report, where the checklist names none and it is known."""
    version: str | None = None
    """The version that the target must report, where it is not the checklist's: after a rollback, the one before."""
    environ: Mapping[str, str] = field(default_factory=dict)
    resumes: Resumption | None = None
    """The run to go on with; None begins another."""
