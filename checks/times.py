"""Spans and instants as a checklist writes them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, WithJsonSchema

from checks.schema_of_values import SPAN
from checks.units import Dimension, Quantity


def _seconds(value: object) -> float:
    span = Quantity.parse(value)
    if span.dimension is not Dimension.TIME:
        raise ValueError("a span takes a unit, such as 250ms, 60s or 2h")
    return span.value


Seconds = Annotated[float, BeforeValidator(_seconds), WithJsonSchema(SPAN)]
"""A span in seconds; YAML gives it with its unit: `250ms`, `60s`, `2h`."""


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
