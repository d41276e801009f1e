"""One image, by as many calls and accounts as the rule for retries allows."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from proxy.account_pool import AccountPool
from proxy.accounts import Account
from proxy.errors import ProxyError
from proxy.eventlog import EventLog
from proxy.upstream import Blame, CallError, Drawing, Upstream

MOST_CALLS = 3
"""The most calls for one image: one request never burns the whole pool."""
MOST_TRANSIENT = 2
"""The most calls for one image while failures are no account's fault."""
LONGEST_PAUSE = 0.25
"""The longest pause before a transient failure is tried again, in seconds; the pause is drawn evenly from 0 to it."""


async def spread_pause() -> None:
    """Wait for a random part of LONGEST_PAUSE, so that retries of many requests don't come together."""
    await asyncio.sleep(random.uniform(0, LONGEST_PAUSE))  # noqa: S311 - spreads retries, guards nothing


@dataclass(frozen=True, slots=True)
class Drawn:
    """An image and the account that paid for it."""

    drawing: Drawing
    account: Account


class Dispatch:
    """Chooses accounts for calls, and marks them by how the calls end."""

    def __init__(
        self,
        upstream: Upstream,
        pool: AccountPool,
        log: EventLog,
        *,
        timeout_seconds: float,
        pause: Callable[[], Awaitable[None]],
    ) -> None:
        self._upstream = upstream
        self._pool = pool
        self._log = log
        self._timeout_seconds = timeout_seconds
        self._pause = pause

    async def draw(self, model: str, sent: dict[str, Any], request_id: str) -> Drawn:
        """One image.

        Quota and broken accounts go on with another account, transient failures once more; refusals and all else
        end it. Raises ProxyError: the last call's, or the pool's where no account is left.
        """
        deadline = asyncio.get_running_loop().time() + self._timeout_seconds
        tried: set[str] = set()
        transient = 0
        for attempt in range(1, MOST_CALLS + 1):
            account = self._pool.take(tried)
            tried.add(account.id)
            try:
                drawing = await self._upstream.draw(account, model, sent, request_id=request_id, deadline=deadline)
                return Drawn(drawing, account)
            except CallError as failure:
                self._note(failure, account, model, request_id)
                transient += failure.blame is Blame.TRANSIENT
                if failure.blame is Blame.FINAL or transient == MOST_TRANSIENT:
                    raise failure.error from failure
                if attempt == MOST_CALLS:
                    raise _exhausted(failure) from failure
                if failure.blame is Blame.TRANSIENT:
                    await self._pause()
        raise AssertionError("the loop returns or raises")

    def _note(self, failure: CallError, account: Account, model: str, request_id: str) -> None:
        if failure.error.kind.code == "moderation_blocked":
            return
        if failure.blame is Blame.QUOTA:
            self._pool.cool(account, failure.retry_after)
        elif failure.blame is Blame.ACCOUNT:
            self._pool.disable(account, failure.reason)
        self._log.error(
            "upstream_failure",
            request_id=request_id,
            model=model,
            account=account.id,
            status=failure.status,
            reason=failure.reason,
            finish_reason=failure.finish_reason,
            error_code=failure.error.kind.code,
        )


def _exhausted(failure: CallError) -> ProxyError:
    """Where the calls of one image are used up: a full quota is a 429 that may be tried again soon."""
    if failure.blame is Blame.QUOTA:
        return ProxyError("accounts_exhausted", retry_after=1)
    return failure.error
