"""A waiver as it is written: a signed-off exception for one check of one release, until it expires."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, model_validator

from checks.check import Identifier, Model

DAY_S = 86_400.0
LONGEST_S = 90 * DAY_S
"""How long a waiver may count where the checklist does not say otherwise."""


def _written(value: object) -> object:
    if not isinstance(value, (str, datetime)):
        message = "write a UTC instant, such as 2026-01-11T12:00:00Z, or a day, which ends in UTC"
        raise ValueError(message)  # noqa: TRY004 - pydantic makes an error of the file of a ValueError alone
    return f"{value}T23:59:59Z" if isinstance(value, str) and len(value) == len("2026-01-11") else value


def _in_utc(moment: datetime) -> datetime:
    if moment.utcoffset() != timedelta(0):
        raise ValueError("write it in UTC, such as 2026-01-11T12:00:00Z")
    return moment


Instant = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_in_utc)]
"""A UTC instant; a bare date means the end of that UTC day."""


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
