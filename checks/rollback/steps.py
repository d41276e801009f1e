"""The steps of a rollback as a checklist states them: data, of which `checks.rollback.procedure` makes actions."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from checks.check import Covers, Identifier, Model
from checks.times import Seconds

Program = Annotated[tuple[str, ...], Field(min_length=1)]
"""A program and its arguments."""


class Restore(Model):
    """Put a backup back: the newest file that `newest` matches, to `to`; what is there is put aside, not deleted."""

    newest: str
    to: str


class Switch(Model):
    """Point the symbolic link `link` to the folder `to`, in which the previous version is installed.

    `reports` is a program, in that folder, whose output must name `release.previous`.
    """

    link: str
    to: str
    reports: Program


class RollbackStep(Model):
    """One step of the procedure. What it states is done in the order of the fields; each part is verified."""

    id: Identifier
    title: str
    covers: Covers = ()
    stop: str | None = Field(default=None, description="The URL whose listener is ended with TERM.")
    restore: Restore | None = None
    switch: Switch | None = None
    do: tuple[Program, ...] = ()
    answers: str | None = Field(default=None, description="The URL that must answer as `release.previous`.")
    smoke: tuple[str, ...] = Field(default=(), description="Stages that are run against `release.previous`.")
    verify: tuple[Program, ...] = ()
    notify: str | None = Field(default=None, description="What is told to whom `rollback.notify` names.")
    timeout: Seconds = Field(default=120.0, gt=0, description="For each wait and each program.")
    runbook: str | None = None


DOES = ("stop", "restore", "switch", "do", "answers", "smoke", "verify", "notify")
"""The fields of a step that say what it does; names in them are filled in when it is planned."""
