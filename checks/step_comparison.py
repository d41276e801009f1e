"""How the answers of two steps of a sequence stand to each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from checks.check import Model
from checks.judgement import why_unjudgeable
from checks.observed import ABSENT, look_up
from checks.units import Quantity


class Comparison(Model):
    """How two properties of steps stand to each other."""

    same: tuple[str, str] | None = Field(default=None, description="Whether they are equal.")
    ratio: tuple[str, str] | None = Field(default=None, description="The first divided by the second.")

    @model_validator(mode="after")
    def _one_rule(self) -> Comparison:
        if (self.same is None) == (self.ratio is None):
            raise ValueError("a comparison takes either `same: [one, other]` or `ratio: [one, other]`")
        return self

    @property
    def operands(self) -> tuple[str, str]:
        """The two paths, each `step.property`."""
        return self.same or self.ratio or ("", "")

    def of(self, whole: Mapping[str, Any]) -> bool | float | None:
        """What it says of the answers, by the names of their steps; None where either side is unknown."""
        one, other = (look_up(whole, operand) for operand in self.operands)
        if any(side is ABSENT or why_unjudgeable(side) for side in (one, other)):
            return None
        if self.same is not None:
            return bool(one == other)
        top, bottom = _number(one), _number(other)
        return top / bottom if top is not None and bottom else None


def _number(value: Any) -> float | None:
    if isinstance(value, Quantity):
        return value.value
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
