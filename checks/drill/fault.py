"""A fault as the catalogue states it: what it breaks, how, and which checks must notice."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from checks.check import Model
from checks.drill.steps import Step, read_step

__all__ = ["Family", "Fault", "Site", "Step"]


class Family(StrEnum):
    """What a fault is of; each counts in one."""

    ORIGINAL = "original"
    CONFIGURATION = "configuration"
    CACHE = "cache"
    UPSTREAM = "upstream"
    ACCOUNTS = "accounts"
    LOGS = "logs"
    EVIDENCE = "evidence"


Site = Literal["service", "criteria", "project", "documents", "original", "release", "procedure", "outside"]
"""Where it is injected: the running proxy, the log that rollback criteria are taken of, the sources with their tests,
the documents, the original proxy's own home and logs, a finished run that people sign, the rollback's backups and
deployed versions, or a service of one's own, from outside."""

Steps = Annotated[tuple[Annotated[Step, BeforeValidator(read_step)], ...], Field(default=())]


class Fault(Model):
    """One cause. `before` is done ahead of the start (of the proxy, or of the run), `after` once it is up."""

    id: str = Field(pattern=r"^[a-z0-9-]+$", max_length=80)
    family: Family
    site: Site = "service"
    breaks: str = Field(min_length=10, description="What is broken, as a person would say it.")
    how: str = Field(min_length=5, description="How it is injected.")
    traps: tuple[int, ...] = Field(default=(), description="The traps of the original page that it stands for.")
    page: str = Field(default="", description="The page's own shell lines that are run beside, by their name.")
    before: Steps
    after: Steps
    values: dict[str, Any] = Field(default_factory=dict, description="Profile values of the run, as by --set.")
    caught_by: tuple[str, ...] = Field(default=(), description="The checks that must not pass.")
    consequences: tuple[str, ...] = Field(default=(), description="Checks that may fail with them; * is any.")
    says: str = Field(default="", description="Text that the reason of one of them must hold.")
    not_possible: str = Field(default="", description="Why it cannot be injected, where it cannot.")

    @model_validator(mode="after")
    def _complete(self) -> Fault:
        if bool(self.not_possible) == bool(self.caught_by):
            raise ValueError(f"{self.id}: give either `caught_by` or, where it cannot be injected, `not_possible`")
        return self
