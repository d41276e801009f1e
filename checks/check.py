"""A check as the checklist states it, and the context that it is run in.

A kind of check is a subclass of `Check`: fields that say what to look at, and `observe`, which looks. It is found by
its entry point in the group `signoff.kinds`; the built-in kinds go through the same door as a plug-in's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from checks.after import Due
from checks.comparator_reading import READERS
from checks.effects import Effect
from checks.expectation import Expectation
from checks.outcome import Covered, Observation, Result
from checks.redaction import Redactor
from checks.schema_of_values import MARK
from checks.target import Instance, Target
from checks.times import Seconds

if TYPE_CHECKING:
    from checks.last_go import Lineage


Identifier = Annotated[str, Field(pattern=r"^[a-z0-9-]+(\[[a-z0-9.-]+\])?$", max_length=100)]
"""The id of a check; a row of `each` adds its own in brackets: `story[007-01]`."""


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, dict) else value


Covers = Annotated[tuple[Covered, ...], BeforeValidator(_one_or_many)]


class Model(BaseModel):
    """Base of every part of a checklist: unknown keys are errors, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Retry(Model):
    """Try again after a status other than pass, at most `times` more, `every` apart."""

    times: int = Field(ge=1, le=100)
    every: Seconds = 1.0


class Repeat(Model):
    """Look again and again over a span; the worst round counts."""

    every: Seconds = Field(gt=0)
    for_: Seconds = Field(alias="for", gt=0)


def _expectation(value: object) -> object:
    return value if isinstance(value, Expectation) else Expectation.parse(value)


Expected = Annotated[Expectation, BeforeValidator(_expectation), WithJsonSchema(MARK)]


def _spelled_out(raw: Any, sole: str) -> Any:
    if not isinstance(raw, dict):
        return {sole: raw}
    if not set(raw) <= set(READERS) or isinstance(raw.get("trend"), dict):
        return raw
    value = {name: bound for name, bound in raw.items() if name != "trend"}
    return {**({sole: value} if value else {}), **({"series": {"trend": raw["trend"]}} if "trend" in raw else {})}


class Check(Model):
    """What every check may say, whatever its kind."""

    observes: ClassVar[Mapping[str, str]] = {}
    """Each property the kind observes, with one line on what it is and its unit."""
    sole_property: ClassVar[str | None] = None
    """Where a kind observes one property, `expect` may give the comparator itself."""
    asks_target: ClassVar[bool] = False
    """Whether what it sees counts only once the target is known to be the release."""
    slow: ClassVar[bool] = False
    of_instances: ClassVar[bool] = False
    """Whether it can look at each instance of the target by itself."""
    usual_effect: ClassVar[Effect] = "read"
    """What checks of the kind do outside, where they do not say."""

    id: Identifier = Field(description="Unique in the checklist.")
    title: str = Field(min_length=1, max_length=200, description="What a reader sees; a sentence that can be true.")
    kind: str = Field(description="How it is looked at.")
    covers: Covers = Field(default=(), description="The lines of the page that it mechanises.")
    required: bool = Field(default=True, description="False: when it does not pass, it warns.")
    trial: bool = Field(default=False, description="Runs and shows, and never changes the verdict.")
    tags: tuple[str, ...] = Field(default=(), description="For --tag.")
    needs: tuple[str, ...] = Field(default=(), description="Ids that must have passed, warned or been waived.")
    after: Due | None = Field(
        default=None,
        description="When it is due: `approval`, a UTC instant, or a mapping. Default: as its stage.",
    )
    exclusive: Identifier | None = Field(default=None, description="Group of which one check is looked at at a time.")
    timeout: Seconds = Field(default=60.0, gt=0, description="After that the check is an error.")
    retry: Retry | None = Field(default=None, description="Further tries; each is recorded.")
    repeat: Repeat | None = Field(default=None, description="Rounds over a span; the worst counts.")
    effect: Effect | None = Field(
        default=None, description="What it does outside: read, traffic, paid or write. Default: by kind and method."
    )
    paid_requests: int | None = Field(
        default=None, ge=0, description="At most so many paid requests each time, where the kind cannot tell."
    )
    instances: Literal["all"] | tuple[str, ...] = Field(
        default=(), description="One check for each of target.instances: `all`, or those that are named."
    )
    runbook: str | None = Field(default=None, description="File and anchor that say what to do.")
    why: str = Field(default="", description="Why it is looked at in this way.")
    todo: str = Field(default="", description="What is still to be done about the check itself; `lint` warns of it.")
    expect: Mapping[str, Expected] = Field(default_factory=dict, description="Property to comparator.")
    prefer: Mapping[str, Expected] = Field(default_factory=dict, description="As expect; missing it warns.")

    @model_validator(mode="before")
    @classmethod
    def _comparator_of_the_sole_property(cls, raw: Any) -> Any:
        """Where a kind observes one property, `expect: {at_least: 30%}` is short for that property's comparator.

        `trend` then is of the property `series`, the value of each window.
        """
        if cls.sole_property is None or not isinstance(raw, dict):
            return raw
        return {**raw, **{key: _spelled_out(raw[key], cls.sole_property) for key in ("expect", "prefer") if key in raw}}

    @model_validator(mode="after")
    def _looks_at_instances(self) -> Self:
        if self.instances and not self.of_instances:
            raise ValueError(f"the kind {self.kind} looks at nothing of an instance; leave `instances` out")
        return self

    @property
    def acts(self) -> Effect:
        """What it does outside, which a profile may refuse."""
        return self.effect or self.usual_effect

    def requests_sent(self) -> int | None:
        """How many requests it sends each time; None where that cannot be told in advance."""
        return None

    def observed_names(self) -> frozenset[str] | None:
        """The properties that this check will observe; None where they cannot be told in advance."""
        return frozenset(self.observes)

    def observe(self, context: Context) -> Observation:
        """Look, and say what was seen; never print, judge, exit or raise for what the world does."""
        raise NotImplementedError


@dataclass(frozen=True)
class Context:
    """All that a check may use of the run around it."""

    target: Target
    """What is under test; of a check of one instance, that instance."""
    root: Path
    """The checklist's folder; relative paths start here."""
    run_dir: Path
    own_folder: Callable[[], Path]
    """Makes the folder of `scratch`, once."""
    results: Mapping[str, Result]
    """Results of what the check needs, and for a rollup of its parts."""
    environment: Mapping[str, str]
    """The whole environment for child processes: an allowlist."""
    versions: frozenset[str]
    """Versions whose samples count: the release's."""
    started_at: datetime
    now: Callable[[], datetime]
    stop: threading.Event
    """Set when the run is interrupted or the check has run out of time."""
    timeout_s: float
    redactor: Redactor
    answers: Mapping[str, Any]
    interactive: bool
    instance: Instance | None = None
    """The instance that the check is of; its `via` says how commands get there."""

    lineage: Lineage | None = None
    """Which other runs are of the same thing; None outside a run."""

    @property
    def scratch(self) -> Path:
        """An empty folder of the check's own, removed afterwards."""
        return self.own_folder()

    @property
    def elsewhere(self) -> Instance | None:
        """The instance, where commands, files and processes of the check are not on this machine."""
        return self.instance if self.instance is not None and self.instance.via else None

    def path(self, text: str) -> Path:
        """The path that `text` names: absolute, under `~`, or relative to the checklist's folder."""
        return self.root / Path(text).expanduser()
