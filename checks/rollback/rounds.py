"""One look at all criteria, and the answer it gives: CONTINUE, HOLD or ROLLBACK (design §6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from checks.checklist import RollbackCriterion
from checks.metrics.errors import LogSourceError
from checks.metrics.table import WindowTable
from checks.outcome import Criterion, Result
from checks.rollback.criteria import state_of
from checks.rollback.timeline import Timeline

RollbackVerdict = Literal["CONTINUE", "HOLD", "ROLLBACK"]
BUILT_IN = Path(__file__).parent / "builtin.yaml"
"""The criteria where no checklist is given."""
FIELDS = ("id", "title", "state", "measure", "observed", "ci", "threshold", "for_s", "samples", "breached_since")
"""What a criterion's JSON has, before its reason, runbook and severity."""


@dataclass(frozen=True)
class Round:
    """Where the criteria stood at a moment."""

    at: datetime
    criteria: tuple[Criterion, ...]
    breach_in: Mapping[str, timedelta] = field(default_factory=dict)
    """Where it was asked for: how long until each criterion is breached, if what is newest goes on."""

    @property
    def verdict(self) -> RollbackVerdict:
        """ROLLBACK if any criterion is breached; CONTINUE if there are some and all are clear; else HOLD.

        Criteria of severity `warn` have no say.
        """
        states = {criterion.state for criterion in self.criteria if criterion.severity == "rollback"}
        if "breached" in states:
            return "ROLLBACK"
        return "CONTINUE" if states == {"clear"} else "HOLD"

    def as_json(self) -> dict[str, Any]:
        """The round as design §6 names its parts; times are UTC."""
        return {
            "verdict": self.verdict,
            "at": instant(self.at),
            "criteria": [_json(criterion) for criterion in self.criteria],
        }


def judge(
    criteria: Sequence[RollbackCriterion],
    source: Timeline | LogSourceError,
    results: Mapping[str, Result] | str,
    root: Path,
    at: datetime,
) -> Round:
    """Look at every criterion at a moment; the arguments are those of `checks.rollback.criteria.state_of`."""
    return Round(at, tuple(state_of(criterion, source, results, root, at) for criterion in criteria))


def timeline_of(read: Callable[[], WindowTable]) -> Timeline | LogSourceError:
    """What a source gives, or why it gives nothing."""
    try:
        return Timeline(read())
    except LogSourceError as cause:
        return cause


def instant(moment: datetime) -> str:
    """A time in UTC as ISO 8601 with Z, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _json(criterion: Criterion) -> dict[str, Any]:
    found = criterion.model_dump(include=set(FIELDS))
    since = criterion.breached_since
    ordered = {name: found[name] for name in FIELDS}
    return {
        **ordered,
        "ci": list(criterion.ci) if criterion.ci else None,
        "breached_since": instant(since) if since else None,
        "reason": criterion.reason,
        "runbook": criterion.runbook,
        "severity": criterion.severity,
    }
