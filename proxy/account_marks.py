"""What the upstream service has said against accounts, projects and models; kept over restarts, each with an end."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from proxy.accounts import Account
from proxy.errors import StartError
from proxy.google_errors import ACCOUNT_CAUSES, QUOTA_CAUSES, Cause

DEFAULT_SECONDS = {
    Cause.QUOTA_MINUTE: 60.0,
    Cause.NO_QUOTA: 86_400.0,
    Cause.CAPACITY: 5.0,
    Cause.PERMISSION: 3_600.0,
    Cause.BAD_KEY: 30 * 86_400.0,
}
"""How long a mark lasts where the answer does not say, in seconds. A file that changes ends an account's at once."""

LONGEST_CAPACITY_SECONDS = 30.0
"""The longest time for which a model is taken to be out of room."""

_TABLE = """
CREATE TABLE IF NOT EXISTS account_marks (
    scope TEXT NOT NULL, subject TEXT NOT NULL, model TEXT NOT NULL, cause TEXT NOT NULL,
    until REAL NOT NULL, reason TEXT NOT NULL, account TEXT NOT NULL, version INTEGER NOT NULL,
    PRIMARY KEY (scope, subject, model, cause)
)
"""
_ADD = "INSERT OR REPLACE INTO account_marks VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_REMOVE = "DELETE FROM account_marks WHERE scope = ? AND subject = ? AND model = ? AND cause = ?"


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that stands against a subject until a time.

    scope    account, project or model: what `subject` is
    subject  an account's id, a project's name, or empty for the model itself
    model    the model upstream, or empty for all models
    until    seconds since 1970
    reason   the service's own word
    account  the id of the account with which the mark was earned
    version  of that account's file: when it changes, the mark ends
    """

    scope: str
    subject: str
    model: str
    cause: Cause
    until: float
    reason: str
    account: str
    version: int

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What there is one mark of."""
        return self.scope, self.subject, self.model, self.cause


class Marks:
    """The marks that hold, in memory and in a SQLite file that several processes may share.

    clock      the time in seconds since 1970
    on_error   told of a read or write that failed: work goes on with what is known
    Raises StartError where the file cannot be used.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float], on_error: Callable[[str], None]) -> None:
        self._clock = clock
        self._on_error = on_error
        self._marks: dict[tuple[str, str, str, str], Mark] = {}
        try:
            self._database = _opened(path)
            self._load()
        except (OSError, sqlite3.Error, ValueError) as error:
            raise StartError(
                f"{path} cannot be used: {error}; restore it from a backup, or move it away to start afresh"
            ) from error

    def put(self, account: Account, model: str, cause: Cause, *, reason: str, retry_after: float | None) -> None:
        """Mark what a refused call speaks against; Cause.OTHER marks nothing. A mark is never made shorter."""
        if cause is Cause.OTHER:
            return
        scope, subject, of_model = "model", "", model
        if cause in QUOTA_CAUSES:
            scope, subject = "project", account.project
        elif cause in ACCOUNT_CAUSES:
            scope, subject, of_model = "account", account.id, ""
        until = self._end(cause, retry_after)
        mark = Mark(scope, subject, of_model, cause, until, reason, account.id, account.version)
        known = self._marks.get(mark.place)
        if known is None or known.until < mark.until:
            self._marks[mark.place] = mark
            self._change(_ADD, astuple(mark))

    def against(self, account: Account) -> Mark | None:
        """What keeps an account from being used at all, until its file changes or the mark ends."""
        for cause in ACCOUNT_CAUSES:
            mark = self._marks.get(("account", account.id, "", cause))
            if mark and mark.until > self._clock():
                return mark
        return None

    def quota(self, project: str, model: str) -> Mark | None:
        """The mark that keeps a project from being used for a model; of several, the one that ends last."""
        found = [self._marks.get(("project", project, model, cause)) for cause in QUOTA_CAUSES]
        holding = [mark for mark in found if mark and mark.until > self._clock()]
        return max(holding, key=lambda mark: mark.until, default=None)

    def holding(self) -> Iterator[Mark]:
        """Every mark that has not ended."""
        now = self._clock()
        return (mark for mark in self._marks.values() if mark.until > now)

    def refresh(self, accounts: Iterable[Account]) -> None:
        """Learn what other processes have marked since the last time, and forget what changed files have ended."""
        try:
            if self._version() != self._seen:
                self._load()
        except (sqlite3.Error, ValueError) as error:
            self._on_error(str(error))
        versions = {account.id: account.version for account in accounts}
        ended = [mark for mark in self._marks.values() if versions.get(mark.account, mark.version) != mark.version]
        for mark in ended:
            del self._marks[mark.place]
            self._change(_REMOVE, mark.place)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _end(self, cause: Cause, retry_after: float | None) -> float:
        now = self._clock()
        if cause is Cause.QUOTA_DAY:
            return next_pacific_midnight(now)
        if cause is Cause.CAPACITY and retry_after is not None:
            return now + min(retry_after, LONGEST_CAPACITY_SECONDS)
        if cause is Cause.QUOTA_MINUTE and retry_after is not None:
            return now + retry_after
        return now + DEFAULT_SECONDS[cause]

    def _version(self) -> int:
        (version,) = self._database.execute("PRAGMA data_version").fetchone()
        return int(version)

    def _load(self) -> None:
        self._seen = self._version()
        rows = self._database.execute("SELECT * FROM account_marks")
        marks = [Mark(row[0], row[1], row[2], Cause(row[3]), *row[4:]) for row in rows]
        self._marks = {mark.place: mark for mark in marks}

    def _change(self, statement: str, values: tuple[Any, ...]) -> None:
        try:
            with self._database:
                self._database.execute("DELETE FROM account_marks WHERE until <= ?", (self._clock(),))
                self._database.execute(statement, values)
        except sqlite3.Error as error:
            self._on_error(str(error))


def next_pacific_midnight(now: float) -> float:
    """When the daily quotas begin anew, in seconds since 1970: the next midnight in the Pacific time zone.

    Without the system's time zones it is taken as UTC-8 all year, which is an hour late in summer, never early.
    """
    zone = _pacific()
    tomorrow = datetime.fromtimestamp(now, zone).date() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone).timestamp()


@cache
def _pacific() -> ZoneInfo | timezone:
    try:
        return ZoneInfo("America/Los_Angeles")
    except ZoneInfoNotFoundError:
        return timezone(timedelta(hours=-8))


def _opened(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600, exist_ok=True)
    # Every process keeps what it knows in memory too, so that one that waits for another need not wait long.
    database = sqlite3.connect(path, timeout=0.2, check_same_thread=False)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    database.execute(_TABLE)
    return database
