"""What a check does outside of itself, and how much of that a profile allows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    from checks.check import Check

Effect = Literal["read", "traffic", "paid", "write"]
"""read: looks only; traffic: sends requests that do work; paid: such that someone is billed for; write: changes files
or state."""


class Allowance(BaseModel):
    """What the checks of a run may do; a check that would do anything else is refused before it runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    effects: tuple[Effect, ...] = Field(description="The effects that are allowed; `[]` allows none, reading neither.")
    paid_requests: int | None = Field(
        default=None, ge=0, le=1_000_000, description="At most so many paid requests in a run, all tries counted."
    )

    @model_validator(mode="after")
    def _bound_of_what_is_allowed(self) -> Self:
        if self.paid_requests and "paid" not in self.effects:
            raise ValueError("paid_requests is a bound of the effect `paid`, which is not among `effects`")
        return self


def refusals(checks: Mapping[str, Check], allowance: Allowance | None) -> dict[str, str]:
    """Why checks may not run, by id; without an allowance all may.

    Paid requests are counted in the checks' order, at their most: a check that would exceed the bound is refused, and
    a later one that needs fewer may still run.
    """
    if allowance is None:
        return {}
    refused: dict[str, str] = {}
    spent = 0
    for name, check in checks.items():
        if check.acts not in allowance.effects:
            allowed = ", ".join(allowance.effects) or "nothing"
            refused[name] = f"its effect is {check.acts}, and the profile allows {allowed}"
        elif check.acts == "paid" and allowance.paid_requests is not None:
            most = most_paid_requests(check)
            if most is None:
                refused[name] = "it cannot be told how many paid requests it makes, and the profile bounds them"
            elif spent + most > allowance.paid_requests:
                refused[name] = (
                    f"it makes up to {most} paid requests; {allowance.paid_requests - spent} "
                    f"of the profile's {allowance.paid_requests} are left"
                )
            else:
                spent += most
    return refused


def most_paid_requests(check: Check) -> int | None:
    """How many paid requests a check makes at most, with every retry or round; None where that is unknown."""
    each = check.paid_requests if check.paid_requests is not None else check.requests_sent()
    if each is None:
        return None
    if check.repeat is not None:
        return each * (math.ceil(check.repeat.for_ / check.repeat.every) + 1)
    return each * (1 + (check.retry.times if check.retry else 0))
