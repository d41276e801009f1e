"""When something becomes due: after the approval, a check or a stage, perhaps a while later; or at a time."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from checks.times import Instant, Seconds
from checks.units import Dimension, Quantity


class After(BaseModel):
    """What has to come first, and how long before: one of `approval`, `check`, `stage` and `at`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    approval: Literal["all"] | None = Field(default=None, description="`all`: every role has approved the release.")
    check: str | None = Field(default=None, description="A check that passed, warned or was waived; all of its rows.")
    stage: str | None = Field(default=None, description="A stage whose verdict is GO.")
    at: Instant | None = Field(default=None, description="A UTC instant; a bare day means its end.")
    wait: Seconds = Field(default=0.0, description="How long after that it is due.")

    @model_validator(mode="after")
    def _one_beginning(self) -> Self:
        if sum(each is not None for each in (self.approval, self.check, self.stage, self.at)) != 1:
            raise ValueError("give one of `approval: all`, `check: ID`, `stage: ID` and `at: INSTANT`")
        if self.at is not None and self.wait:
            raise ValueError("`at` is when it is due; leave `wait` out")
        return self

    def __str__(self) -> str:
        if self.at is not None:
            return f"{self.at:%Y-%m-%d %H:%M:%S} UTC"
        waited = f" and {Quantity(self.wait, Dimension.TIME)}" if self.wait else ""
        if self.approval is not None:
            return f"approval{waited}"
        return f"the check {self.check}{waited}" if self.check else f"the stage {self.stage}{waited}"


def _spelled_out(value: object) -> object:
    if value == "approval":
        return {"approval": "all"}
    return {"at": value} if isinstance(value, str) else value


Due = Annotated[After, BeforeValidator(_spelled_out, json_schema_input_type=str | After)]
"""`after: approval` and `after: INSTANT` are short for the mappings."""
