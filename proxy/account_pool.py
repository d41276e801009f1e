"""Which account the next call uses: the least recently used among those that are healthy and have room."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from proxy.account_marks import Mark, Marks
from proxy.accounts import Account, AccountFolder
from proxy.errors import ProxyError
from proxy.eventlog import EventLog, utc
from proxy.google_errors import Cause
from proxy.models import DEFAULT_MODEL, find_model


class AccountPool:
    """The accounts of a folder, which is looked at again before every choice, and what stands against them.

    A project that has used up its quota for a model is not asked for that model before the mark ends; an account
    whose key or permission was refused is not asked until then, or until its file has changed.

    clock        the time in seconds since 1970
    concurrency  the most calls with one account at one time
    Raises StartError where the database cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        database: Path,
        log: EventLog,
        *,
        log_key: bytes,
        clock: Callable[[], float],
        concurrency: int,
    ) -> None:
        self._folder = AccountFolder(folder, log_key)
        self._log = log
        self._clock = clock
        self._concurrency = concurrency
        self._marks = Marks(database, clock=clock, on_error=lambda cause: log.error("account_state_error", cause=cause))
        self._turns = itertools.count(1)
        self._last_turn: Counter[str] = Counter()
        self._under_way: Counter[str] = Counter()
        self._returned = asyncio.Event()
        self._asked_models = {find_model(DEFAULT_MODEL).upstream}

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts whose files can be used."""
        return self._folder.accounts

    @asynccontextmanager
    async def lend(self, model: str, *, avoid: Collection[str], deadline: float) -> AsyncGenerator[Account, None]:
        """The account for one call, rather one that is not in `avoid` (account ids).

        Where all that may be asked are busy it waits for the first to be returned, until a deadline of the loop's
        clock. Raises ProxyError accounts_exhausted with retry_after where all usable ones rest or stay busy,
        no_account where there is none.
        """
        account = await self._next(model, avoid, deadline)
        self._last_turn[account.id] = next(self._turns)
        self._under_way[account.id] += 1
        try:
            yield account
        finally:
            self._under_way[account.id] -= 1
            self._returned.set()
            self._returned = asyncio.Event()

    def mark(self, account: Account, model: str, cause: Cause, *, reason: str, retry_after: float | None) -> None:
        """Note what a refused call says against the account, its project or the model."""
        self._marks.put(account, model, cause, reason=reason, retry_after=retry_after)

    def summary(self) -> dict[str, Any]:
        """How many accounts are usable, resting and disabled, which files were rejected, and every mark.

        An account rests where its project's quota is used up for all the models that have been asked for.
        """
        counts = Counter(self.states().values())
        disabled = [(account.id, mark) for account in self.accounts if (mark := self._marks.against(account))]
        return {
            "usable": counts["ready"],
            "cooled": counts["cooling"],
            "under_way": self._under_way.total(),
            "disabled": [{"account": account, "reason": mark.reason} for account, mark in disabled],
            "rejected": [{"file": rejected.file, "reason": rejected.reason} for rejected in self._folder.rejected],
            "marks": [self._described(mark) for mark in self._marks.holding()],
        }

    def states(self) -> dict[str, str]:
        """Each account's state by its id: `ready`, `cooling` or `disabled`."""
        self._refresh()
        return {account.id: self._state(account) for account in self.accounts}

    def rests(self) -> dict[tuple[str, str], float]:
        """The seconds for which an account still rests, by its id and the model."""
        return {
            (account.id, model): mark.until - self._clock()
            for account in self.accounts
            for model in self._asked_models
            if (mark := self._marks.quota(account.project, model))
        }

    def announce(self) -> None:
        """Log every file that was rejected."""
        for rejected in self._folder.rejected:
            self._log.error("account_rejected", file=rejected.file, reason=rejected.reason)

    def close(self) -> None:
        """Close the database."""
        self._marks.close()

    def _state(self, account: Account) -> str:
        if self._marks.against(account):
            return "disabled"
        rests = all(self._marks.quota(account.project, model) for model in self._asked_models)
        return "cooling" if rests else "ready"

    async def _next(self, model: str, avoid: Collection[str], deadline: float) -> Account:
        self._asked_models.add(model)
        loop = asyncio.get_running_loop()
        while True:
            ready = self._ready(model)
            chosen = self._chosen(ready, avoid)
            if chosen:
                return chosen
            # One that rests may be ready before one that is busy: look again every second at the latest.
            patience = min(1.0, deadline - loop.time())
            if patience <= 0:
                raise ProxyError("accounts_exhausted", "Every account is busy. Try again later.", retry_after=1)
            returned = self._returned
            try:
                await asyncio.wait_for(returned.wait(), patience)
            except TimeoutError:
                continue

    def _ready(self, model: str) -> list[Account]:
        """The accounts that may be asked for a model now; at least one."""
        self._refresh()
        enabled = [account for account in self.accounts if not self._marks.against(account)]
        if not enabled:
            raise ProxyError("no_account")
        rests = {account.id: self._marks.quota(account.project, model) for account in enabled}
        marks = [mark for mark in rests.values() if mark]
        if len(marks) == len(enabled):
            raise self._exhausted(min(marks, key=lambda mark: mark.until))
        return [account for account in enabled if not rests[account.id]]

    def _chosen(self, ready: list[Account], avoid: Collection[str]) -> Account | None:
        """The one whose last turn is longest ago, of those with room; None where none has."""
        with_room = [account for account in ready if self._under_way[account.id] < self._concurrency]
        fresh = [account for account in with_room if account.id not in avoid] or with_room
        return min(fresh, key=lambda account: self._last_turn[account.id], default=None)

    def _exhausted(self, first: Mark) -> ProxyError:
        wait = max(1, math.ceil(first.until - self._clock()))
        return ProxyError(
            "accounts_exhausted",
            f"Every account has used up its quota for now ({first.cause}: {first.reason}). "
            f"Try again in {wait} seconds.",
            retry_after=wait,
        )

    def _refresh(self) -> None:
        if self._folder.refresh():
            self._log.info("accounts_changed", accounts=len(self.accounts), rejected=len(self._folder.rejected))
            self.announce()
        self._marks.refresh(self.accounts)

    def _described(self, mark: Mark) -> dict[str, Any]:
        """A mark without the project's name: by the accounts that it is about."""
        accounts = [
            account.id
            for account in self.accounts
            if (mark.scope, mark.subject) in (("account", account.id), ("project", account.project))
        ]
        return {
            "scope": mark.scope,
            "accounts": accounts,
            "model": mark.model or None,
            "cause": mark.cause.value,
            "reason": mark.reason,
            "until": utc(mark.until),
        }
