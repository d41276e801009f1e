"""A waiver as it is written: a signed-off exception for one check of one release, until it expires."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, model_validator

from checks.check import Identifier, Model
from checks.times import Instant

DAY_S = 86_400.0
LONGEST_S = 90 * DAY_S
"""How long a waiver may count where the checklist does not say otherwise."""


class Waiver(Model):
    """A signed-off exception for one check of one release, from `created` until it expires."""

    id: Identifier
    check: str
    reason: str = Field(min_length=10)
    owner: str = Field(min_length=1)
    approver: str = Field(min_length=1)
    created: Instant
    expires: Instant
    release: str
    ticket: str | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Waiver:
        if self.expires <= self.created:
            raise ValueError("it expires before it was created")
        return self

    def covers(self, check: str, release: str, now: datetime) -> bool:
        """Whether this waiver counts for `check` of `release` at `now`."""
        return self.check == check and self.release == release and self.created <= now <= self.expires
