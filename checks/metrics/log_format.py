"""The model of a log format: what its YAML file may say."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_@][A-Za-z0-9_@-]{0,63}$")]
"""The name of a field in the log, a key of its top level."""

FieldName = Literal[
    "version",
    "build",
    "instance",
    "synthetic",
    "request_id",
    "status",
    "error_type",
    "error_code",
    "cache",
    "images_asked",
    "images_returned",
    "generation_ms",
    "duration_ms",
]
"""What a log can say of a request, in this program's own words."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Condition(_Model):
    """One test of one field: it is one of some texts, or it is a number within bounds."""

    field: FieldName
    one_of: tuple[str, ...] = ()
    at_least: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        bounds = self.at_least is not None or self.below is not None
        if bool(self.one_of) == bounds:
            raise ValueError("a condition has either one_of, or at_least and below or one of them")
        if bounds and self.field != "status":
            raise ValueError("only status has bounds")
        return self


class CacheWords(_Model):
    """Which values of the field `cache` mean what."""

    hit: tuple[str, ...]
    miss: tuple[str, ...] = ()
    bypass: tuple[str, ...] = ()
    error: tuple[str, ...] = ()


class LogFormat(_Model):
    """How the lines of a log are recognised and what they mean.

    `recognised_by` are keys that every line has; `request_events` are the values of the key `event` that mean one
    request each; any other event is ignored. A request is `failed`, else `blocked`, else `client` where one of the
    conditions there holds, and else it succeeded.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")]
    title: str
    syntax: Literal["json-lines"]
    recognised_by: tuple[Key, ...] = Field(min_length=1)
    time: Key
    event: Key
    request_events: tuple[str, ...] = Field(min_length=1)
    fields: dict[FieldName, Key]
    cache: CacheWords
    failed: tuple[Condition, ...]
    blocked: tuple[Condition, ...] = ()
    client: tuple[Condition, ...] = ()

    @model_validator(mode="after")
    def _needs(self) -> Self:
        missing = {"status", "duration_ms"} - set(self.fields)
        if missing:
            raise ValueError(f"fields must name {', '.join(sorted(missing))}")
        return self
