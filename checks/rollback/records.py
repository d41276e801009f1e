"""Where rollbacks are recorded: a folder each, with its journal, evidence and incident; one goes on at a time."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from checks.errors import ConfigurationError, Problem
from checks.journal import read_journal

FOLDER = "signoff-rollbacks"
"""The folder beside the checklist."""
RESUMABLE = timedelta(hours=24)
"""A rollback that stopped longer ago is not gone on with: what it knew of backups and processes is old."""


@dataclass(frozen=True)
class Unfinished:
    """A rollback that was begun and not finished."""

    path: Path
    events: tuple[dict[str, Any], ...]

    @property
    def pinned(self) -> dict[str, dict[str, str]]:
        """What must be as when it was begun: its backups by step, and what the target reported."""
        pinned: dict[str, dict[str, str]] = self.events[0]["pinned"]
        return pinned

    @property
    def finished_steps(self) -> frozenset[str]:
        """The steps that were done and verified."""
        return frozenset(each["step"] for each in self.events if each["event"] == "step_finished")

    @property
    def last_at(self) -> datetime:
        """When it last wrote to its journal."""
        return datetime.fromisoformat(self.events[-1]["ts"])


class Records:
    """The rollbacks that were made with one checklist."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the records; raises ConfigurationError where another rollback goes on, or nothing can be written."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            stream = (self.path / ".lock").open("w")
        except OSError as cause:
            raise _mistake(self.path, f"cannot be written to: {cause.strerror}; name another with --records") from cause
        with stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as cause:
                raise _mistake(self.path, "another rollback is being carried out; wait for it") from cause
            yield

    def unfinished(self, release: str, now: datetime) -> Unfinished | None:
        """The rollback of a release that is not finished, if there is one.

        Raises ConfigurationError where it stopped longer than 24 hours ago, and where its journal cannot be read.
        """
        for path in sorted(self.path.glob("*/journal.jsonl"), reverse=True):
            try:
                events = tuple(read_journal(path))
            except (OSError, ValueError) as cause:
                raise _mistake(path, f"cannot be read: {cause}; move its folder away") from cause
            if not events or events[0].get("event") != "rollback_started" or events[0]["release"] != release:
                continue
            if any(each["event"] == "rollback_finished" for each in events):
                return None
            found = Unfinished(path.parent, events)
            if now - found.last_at > RESUMABLE:
                message = (
                    f"a rollback of {release} stopped here at {found.last_at:%Y-%m-%dT%H:%M:%SZ}, too long ago to "
                    "go on with it; move the folder away to begin anew"
                )
                raise _mistake(path.parent, message)
            return found
        return None

    def create(self, now: datetime) -> Path:
        """Make the folder of a new rollback, named by time and chance."""
        path = self.path / f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        path.mkdir(mode=0o700)
        return path


def without_torn_line(journal: Path) -> None:
    """Cut off the last line of a journal where it is not whole, so that the next event begins a line."""
    content = journal.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(journal, whole)


def _mistake(path: Path, message: str) -> ConfigurationError:
    return ConfigurationError([Problem(str(path), None, None, message)])
