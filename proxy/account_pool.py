"""Which account the next call uses: the least recently used among those that are healthy."""

from __future__ import annotations

import itertools
import math
import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proxy.accounts import Account, RejectedAccount
from proxy.errors import ProxyError, StartError

DEFAULT_COOLDOWN = 60.0
"""How long an account rests after a 429 that names no delay, in seconds."""

_TABLE = """
CREATE TABLE IF NOT EXISTS account_state (
    account TEXT PRIMARY KEY, version INTEGER NOT NULL, cooled_until REAL NOT NULL, disabled_for TEXT
)
"""


@dataclass(slots=True)
class _Health:
    last_used: int = 0
    cooled_until: float = 0.0
    disabled_for: str | None = None


class AccountPool:
    """The accounts with their health, which is kept in a SQLite file over restarts.

    A cooled account is not asked before its time. A disabled one is not asked until its file has changed.
    clock      the time in seconds since 1970
    on_error   told of a write that failed: the pool goes on with what it knows
    """

    def __init__(
        self,
        accounts: Sequence[Account],
        rejected: Sequence[RejectedAccount],
        database: Path,
        *,
        clock: Callable[[], float],
        on_error: Callable[[str], None],
    ) -> None:
        self.accounts = tuple(accounts)
        self.rejected = tuple(rejected)
        self._clock = clock
        self._on_error = on_error
        self._uses = itertools.count(1)
        self._health = {account.id: _Health() for account in accounts}
        try:
            self._database = _opened(database)
            rows = self._database.execute("SELECT account, version, cooled_until, disabled_for FROM account_state")
            kept = {row[0]: row for row in rows}
        except sqlite3.Error as error:
            raise StartError(
                f"{database} cannot be used: {error}; restore it from a backup, or move it away to start afresh"
            ) from error
        for account in accounts:
            row = kept.get(account.id)
            if row and row[1] == account.version:
                self._health[account.id] = _Health(cooled_until=row[2], disabled_for=row[3])

    def take(self, avoid: Collection[str] = ()) -> Account:
        """The account for the next call, rather one that is not in `avoid` (account ids).

        Raises ProxyError accounts_exhausted with retry_after where all usable ones rest, no_account where there is
        none.
        """
        enabled = [account for account in self.accounts if self._health[account.id].disabled_for is None]
        if not enabled:
            raise ProxyError("no_account")
        ready = [account for account in enabled if self._wait(account) == 0]
        if not ready:
            raise ProxyError("accounts_exhausted", retry_after=max(1, math.ceil(min(map(self._wait, enabled)))))
        fresh = [account for account in ready if account.id not in avoid] or ready
        chosen = min(fresh, key=lambda account: self._health[account.id].last_used)
        self._health[chosen.id].last_used = next(self._uses)
        return chosen

    def cool(self, account: Account, seconds: float | None) -> None:
        """Let an account rest for so many seconds (None: DEFAULT_COOLDOWN)."""
        until = self._clock() + (DEFAULT_COOLDOWN if seconds is None else seconds)
        health = self._health[account.id]
        health.cooled_until = max(health.cooled_until, until)
        self._keep(account)

    def disable(self, account: Account, reason: str) -> None:
        """Use an account no more until its file has changed."""
        self._health[account.id].disabled_for = reason
        self._keep(account)

    def summary(self) -> dict[str, Any]:
        """How many accounts are usable, resting and disabled, and which files were rejected and why."""
        disabled = [account for account in self.accounts if self._health[account.id].disabled_for]
        cooled = [account for account in self.accounts if account not in disabled and self._wait(account)]
        return {
            "usable": len(self.accounts) - len(disabled) - len(cooled),
            "cooled": len(cooled),
            "disabled": [
                {"account": account.id, "reason": self._health[account.id].disabled_for} for account in disabled
            ],
            "rejected": [{"file": rejected.file, "reason": rejected.reason} for rejected in self.rejected],
        }

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _wait(self, account: Account) -> float:
        return max(0.0, self._health[account.id].cooled_until - self._clock())

    def _keep(self, account: Account) -> None:
        health = self._health[account.id]
        try:
            with self._database:
                self._database.execute(
                    "INSERT OR REPLACE INTO account_state VALUES (?, ?, ?, ?)",
                    (account.id, account.version, health.cooled_until, health.disabled_for),
                )
        except sqlite3.Error as error:
            self._on_error(str(error))


def _opened(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600, exist_ok=True)
    database = sqlite3.connect(path, timeout=1, check_same_thread=False)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    database.execute(_TABLE)
    return database
