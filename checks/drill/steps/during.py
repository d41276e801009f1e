"""A step that waits until the run itself is under way."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from pydantic import BeforeValidator, Field

from checks.drill.place import Meanwhile, Place
from checks.drill.steps import read_step
from checks.drill.steps.step import Step


class During(Step):
    """Do steps while a check is looking: so long after it has begun. A fault whose check never begins is not run."""

    check: str = Field(description="The id of a check that is looked at.")
    after_s: float = Field(default=0.0, ge=0, le=60)
    steps: tuple[Annotated[Step, BeforeValidator(read_step)], ...] = Field(min_length=1)

    def apply(self, place: Place) -> None:
        """Remember them; the run says when the check begins."""
        place.meanwhile.append(Meanwhile(self.check, self.after_s, partial(_all, self.steps, place)))


def _all(steps: tuple[Step, ...], place: Place) -> None:
    for step in steps:
        step.apply(place)


DURING_STEPS: dict[str, type[Step]] = {"during": During}
