"""The kind `rollup`: a line of the page that is made of other lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from checks.check import Check, Context, Model
from checks.outcome import Observation, Result, Status

_BEST_FIRST = (
    Status.PASS,
    Status.WARN,
    Status.BLOCKED,
    Status.PENDING,
    Status.NO_DATA,
    Status.ERROR,
    Status.FAIL,
)
_STANDS_FOR = {
    Status.WAIVED: Status.WARN,
    Status.NOT_SELECTED: Status.BLOCKED,
    Status.SCHEDULED: Status.BLOCKED,
}
"""What a part that was not judged counts as: an exception is never a clean pass, and what is still to come holds."""


class Quorum(Model):
    """So many of these parts."""

    count: int = Field(ge=1)
    of: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> Quorum:
        if len(set(self.of)) != len(self.of):
            raise ValueError("`of` names a part twice")
        return self


class RollupCheck(Check):
    """As good as its parts, and never better than the worst that it needs. `story` stands for all rows of `story`.

    ```yaml
    kind: rollup
    all_of: [unit-tests, formatter]
    any_of: [release-notes, changelog]
    at_least: {count: 2, of: [story]}
    ```
    """

    observes: ClassVar[Mapping[str, str]] = {"parts": "the status of each part by its id"}

    kind: Literal["rollup"]
    all_of: tuple[str, ...] = Field(default=(), description="Every one is needed.")
    any_of: tuple[str, ...] = Field(default=(), description="The best one counts.")
    at_least: Quorum | None = Field(default=None, description="`{count, of}`: the count-th best one counts.")

    @model_validator(mode="after")
    def _has_parts(self) -> RollupCheck:
        if not self.part_ids:
            raise ValueError("a rollup needs parts: `all_of`, `any_of` or `at_least`")
        if self.expect or self.prefer:
            raise ValueError("a rollup is judged by its parts; it takes no `expect` and no `prefer`")
        return self

    @property
    def part_ids(self) -> tuple[str, ...]:
        """Every id it is made of; it is looked at once all of them have ended, whatever their statuses."""
        return (*self.all_of, *self.any_of, *(self.at_least.of if self.at_least else ()))

    def observe(self, context: Context) -> Observation:
        """Settle the status from the parts'; what is not applicable neither helps nor harms."""
        parts = {name: list(_rows(name, context.results)) for name in self.part_ids}
        statuses = {result.id: result.status for results in parts.values() for result in results}
        properties = {"parts": {name: status.value for name, status in statuses.items()}}
        lacking = [name for name, results in parts.items() if not results]
        if lacking:
            return Observation(properties, (), Status.NO_DATA, f"no result of {', '.join(lacking)}")
        needed = [status for status in self._needed(parts) if status is not None]
        status = max(needed, key=_BEST_FIRST.index) if needed else Status.NO_DATA
        short = [f"{name} {each.value}" for name, each in statuses.items() if each is not Status.PASS]
        reason = ", ".join(short) if needed else f"none of its parts is applicable: {', '.join(statuses)}"
        return Observation(properties, (), status, reason)

    def _needed(self, parts: Mapping[str, list[Result]]) -> Iterator[Status | None]:
        """The status that each demand comes to; None where nothing of it is applicable."""
        for name in self.all_of:
            ordered = _best_first([name], parts)
            yield ordered[-1] if ordered else None
        if self.any_of:
            yield next(iter(_best_first(self.any_of, parts)), None)
        if self.at_least:
            ordered = _best_first(self.at_least.of, parts)
            yield ordered[self.at_least.count - 1] if len(ordered) >= self.at_least.count else Status.NO_DATA


def _rows(name: str, results: Mapping[str, Result]) -> Iterator[Result]:
    """The results that `name` means: its own, or those of all rows of its `each`."""
    return (result for known, result in results.items() if known == name or known.startswith(f"{name}["))


def _best_first(names: Iterable[str], parts: Mapping[str, list[Result]]) -> list[Status]:
    statuses = [result.status for name in names for result in parts[name]]
    counted = [_STANDS_FOR.get(status, status) for status in statuses if status is not Status.NOT_APPLICABLE]
    return sorted(counted, key=_BEST_FIRST.index)
