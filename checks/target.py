"""What is under test: where it answers, where its files lie, and what it says it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from checks.query import Query


class Logs(BaseModel):
    """Where the target logs, and in which format (`auto` recognises it)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: str = "auto"
    paths: tuple[str, ...] = ()


class Target(BaseModel):
    """The target as the checklist states it, completed by what the target reports.

    `reported` names fields of this model that may be left unset, each with a JMESPath into the answer of `stats`;
    so a checklist can be run against a server that is already up, knowing its URL and key alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str | None = Field(default=None, description="Base URL, without a path.")
    api_key: str | None = Field(default=None, description="Sent as a bearer token.")
    data_dir: str | None = Field(default=None, description="The home of its files.")
    upstream: str | None = Field(default=None, description="Base URL of what it calls.")
    executable: str | None = Field(default=None, description="The program that was installed.")
    artifact: str | None = Field(default=None, description="The package it was installed from.")
    logs: Logs = Field(default_factory=Logs)
    identity: str = Field(default="/healthz", description="Path that answers version, build and instance.")
    stats: str | None = Field(default=None, description="Path, with the key, that answers what `reported` reads.")
    reported: Mapping[Literal["data_dir", "upstream", "executable"], Query] = Field(default_factory=dict)


class Identity(BaseModel):
    """What the target says it is; None where it does not say."""

    model_config = ConfigDict(frozen=True)

    version: str | None = None
    build: str | None = None
    instance: str | None = None
    problem: str | None = None
    """Why it could not be asked, if it could not."""
