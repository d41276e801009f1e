"""The checklist as data: release, profiles, target, stages, rollback, approvals, waivers (design §3)."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from checks.after import Due
from checks.approval import Approvals, Requirements
from checks.check import Check, Covers, Expected, Identifier, Model
from checks.effects import Allowance
from checks.expectation import Expectation
from checks.outcome import Severity
from checks.rollback.notification import Notification
from checks.rollback.steps import Program, RollbackStep
from checks.target import Target
from checks.times import Seconds
from checks.units import Dimension, Quantity
from checks.waiver import DAY_S, LONGEST_S, Waiver

Scalar = str | int | float | bool


class Profile(BaseModel):
    """Values that `${name}` takes under a profile, and under `allow` what its checks may do outside."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Scalar]

    allow: Allowance | None = Field(default=None, description="Effects and paid requests. Default: all are allowed.")


class Release(Model):
    """The release under test; `build` is compared with the target's where it is given.

    `previous` is the version before, which a rollback goes back to.
    """

    name: str
    version: str
    epic: str | None = None
    build: str | None = None
    previous: str | None = None


class NotApplicable(Check):
    """A line of the page that cannot exist here, and the reason, which the report shows."""

    kind: Literal["not_applicable"] = "not_applicable"
    not_applicable: str = Field(min_length=10)


class Stage(Model):
    """A part of the release, in the page's order; `section` is the page's heading above it, where there is a page."""

    id: Identifier
    title: str
    section: str = "Checks"
    after: Due | None = Field(default=None, description="When its checks are due, where that is later.")
    checks: tuple[Any, ...] = ()


class Baseline(Model):
    """What a measure is compared with: a span from the start of the data, or a recorded value in a JSON file."""

    first: Seconds | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Baseline:
        if (self.first is None) == (self.file is None):
            raise ValueError("a baseline takes either `first: SPAN` or `file: PATH`")
        return self


class RollbackCriterion(Model):
    """When to roll back: a measure that breaches for a span, or checks of which any fails.

    With a `baseline`, `breach` is of the ratio of the measure to it: `above: 150%` is half as much again.
    A criterion of severity `warn` is watched and shown, and never decides.
    `min_samples` counts requests within the `for` span; fewer leave the criterion unknown (reliability rules).
    """

    id: Identifier
    title: str
    covers: Covers = ()
    measure: str | None = None
    breach: Expected | None = None
    for_: Seconds = Field(default=0.0, alias="for")
    min_samples: int = Field(default=30, ge=1)
    baseline: Baseline | None = None
    any_fails: tuple[str, ...] = ()
    severity: Severity = "rollback"
    runbook: str | None = None

    @model_validator(mode="after")
    def _one_rule(self) -> RollbackCriterion:
        if (self.measure is None) != (self.breach is None):
            raise ValueError("`measure` and `breach` go together")
        if (self.measure is None) == (not self.any_fails):
            raise ValueError("a criterion takes either `measure` with `breach`, or `any_fails: [check ids]`")
        if self.measure is not None and not self.for_:
            raise ValueError("a measure breaches for a span: give `for`, such as `for: 5m`")
        if self.measure is not None and self.breach is not None:
            comparable(self.measure, self.breach, of_baseline=self.baseline is not None)
        return self


def comparable(measure: str, breach: Expectation, *, of_baseline: bool) -> None:
    """Raises ValueError where no value of the measure could ever be judged by `breach`, or none could miss it."""
    from checks.metrics.measures import MEASURES

    if measure not in MEASURES:
        near = get_close_matches(measure, MEASURES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(MEASURES)}"
        raise ValueError(f"there is no measure {measure!r}; {hint}")
    dimension = Dimension.RATIO if of_baseline else DIMENSIONS[MEASURES[measure].unit]
    judged = breach.check(Quantity(1.0, dimension))
    if judged.holds is None:
        raise ValueError(f"{measure} cannot be judged by this: {judged.reason}")
    if MEASURES[measure].unit == "rate" and not of_baseline and any(each.value > 1 for each in breach.quantities):
        raise ValueError(f"{measure} is a rate, which is never above 100 %; it cannot be judged by this: {breach}")


DIMENSIONS: Mapping[str, Dimension] = {
    "rate": Dimension.RATIO,
    "duration_ms": Dimension.TIME,
    "count": Dimension.NUMBER,
    "per_second": Dimension.NUMBER,
}
"""What a measure's value is compared as, by the unit that it is defined in."""


class Rollback(Model):
    """When to go back, how, and who is told."""

    criteria: tuple[RollbackCriterion, ...] = ()
    procedure: tuple[RollbackStep, ...] = ()
    notify: Notification | None = None
    on_breach: Program | None = Field(default=None, description="Run once by `watch` at the first ROLLBACK.")
    hold_at_most: Seconds | None = Field(default=None, description="How long `watch` may say HOLD before it tells so.")


class Checklist(Model):
    """A whole checklist, before its checks are bound to a profile and a target."""

    schema_: Literal[1] = Field(alias="schema")
    version: str = ""
    release: Release
    profiles: Mapping[str, Profile] = Field(default_factory=dict)
    default_profile: str | None = None
    target: Target = Field(default_factory=Target)
    stages: tuple[Stage, ...]
    rollback: Rollback = Field(default_factory=Rollback)
    approvals: Approvals = ()
    require: Requirements = ()
    waivers: tuple[Waiver, ...] = ()
    longest_waiver: Seconds = Field(default=LONGEST_S, gt=0, description="How long a waiver may count. Default: 90d.")

    def too_long(self, waiver: Waiver) -> str | None:
        """Why a waiver counts for longer than this checklist lets it; None where it does not."""
        if (waiver.expires - waiver.created).total_seconds() <= self.longest_waiver + DAY_S:
            return None
        allowed = f"{self.longest_waiver / DAY_S:g} days"
        return f"waiver {waiver.id} counts for longer than {allowed}; let it expire sooner, or set `longest_waiver`"
