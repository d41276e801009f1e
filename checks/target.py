"""What is under test: where it answers, where its files lie, and what it says it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from checks.query import Query


class Logs(BaseModel):
    """Where the target logs, and in which format (`auto` recognises it)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: str = "auto"
    paths: tuple[str, ...] = ()


class Instance(BaseModel):
    """One of the places that the target runs at, and how a command gets there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9-]+$", max_length=40, description="What results call it.")
    url: str | None = Field(default=None, description="Base URL at which it alone answers.")
    data_dir: str | None = Field(default=None, description="The home of its files, there. Default: the target's.")
    logs: Logs | None = Field(default=None, description="Its logs, there. Default: the target's.")
    via: tuple[str, ...] = Field(
        default=(), max_length=50, description="What a command is given to: [ssh, host]. Default: it runs here."
    )
    python: str = Field(
        default="python3", description="Python 3.9 or newer, there; files and processes are read by it."
    )


def _distinct(instances: tuple[Instance, ...]) -> tuple[Instance, ...]:
    names = [each.name for each in instances]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two instances have the name {twice[0]!r}")
    return instances


class Target(BaseModel):
    """The target as the checklist states it, completed by what the target reports.

    `reported` names fields of this model that may be left unset, each with a JMESPath into the answer of `stats`;
    so a checklist can be run against a server that is already up, knowing its URL and key alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str | None = Field(default=None, description="Base URL, without a path.")
    api_key: str | None = Field(default=None, description="Sent as a bearer token.")
    other_api_key: str | None = Field(
        default=None, description="A second client's key, sent by requests with `auth: other`."
    )
    data_dir: str | None = Field(default=None, description="The home of its files.")
    upstream: str | None = Field(default=None, description="Base URL of what it calls.")
    executable: str | None = Field(default=None, description="The program that was installed.")
    artifact: str | None = Field(default=None, description="The package it was installed from.")
    logs: Logs = Field(default_factory=Logs)
    instances: Annotated[tuple[Instance, ...], AfterValidator(_distinct)] = Field(
        default=(), max_length=100, description="The places that it runs at, for checks that say `instances`."
    )
    identity: str = Field(default="/healthz", description="Path that answers version, build and instance.")
    identified_by: tuple[str, ...] = Field(
        default=(),
        description="Checks that show that it is the release, where `identity` cannot tell; others need them.",
    )
    stats: str | None = Field(default=None, description="Path, with the key, that answers what `reported` reads.")
    reported: Mapping[Literal["data_dir", "upstream", "executable"], Query] = Field(default_factory=dict)

    def at(self, instance: Instance) -> Target:
        """The target as one of its instances is: of that URL and none else, with files and logs of its own."""
        own = {"url": instance.url, "data_dir": instance.data_dir or self.data_dir, "logs": instance.logs or self.logs}
        return self.model_copy(update=own)


class Identity(BaseModel):
    """What the target says it is; None where it does not say."""

    model_config = ConfigDict(frozen=True)

    version: str | None = None
    build: str | None = None
    instance: str | None = None
    problem: str | None = None
    """Why it could not be asked, if it could not."""
    by_checks: bool = False
    """Whether checks show that it is the release, in place of what it says."""
