"""One image, by as many calls and accounts as the rule for retries allows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from proxy.account_pool import AccountPool
from proxy.accounts import Account
from proxy.call_answers import Blame, CallError, Drawing
from proxy.errors import ProxyError
from proxy.eventlog import EventLog
from proxy.google_errors import Cause
from proxy.retrying import LONGEST_PAUSE, MOST_CALLS, MOST_TRANSIENT, Retries, pause_before
from proxy.upstream import Upstream


@dataclass(frozen=True, slots=True)
class Drawn:
    """An image and the account that paid for it."""

    drawing: Drawing
    account: Account


class Dispatch:
    """Chooses accounts for calls, and marks them by how the calls end.

    sleep  waits so many seconds before a failed call is tried again
    """

    def __init__(
        self,
        upstream: Upstream,
        pool: AccountPool,
        log: EventLog,
        *,
        timeout_seconds: float,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._upstream = upstream
        self._pool = pool
        self._log = log
        self._timeout_seconds = timeout_seconds
        self._sleep = sleep

    async def draw(self, model: str, sent: dict[str, Any], request_id: str, retries: Retries) -> Drawn:
        """One image.

        Quota and broken accounts go on with another account, transient failures once more while the time allows;
        refusals and all else end it. Raises ProxyError: the last call's, or the pool's where no account is left.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout_seconds
        tried: set[str] = set()
        transient = 0
        cause: Cause | None = None
        for attempt in range(1, MOST_CALLS + 1):
            async with self._pool.lend(model, avoid=tried, deadline=deadline) as account:
                tried.add(account.id)
                try:
                    drawing = await self._upstream.draw(
                        account, model, sent, request_id=request_id, deadline=deadline, after=cause
                    )
                    return Drawn(drawing, account)
                except CallError as error:
                    failure = error
            cause = failure.cause
            self._note(failure, account, model, request_id)
            transient += failure.blame is Blame.TRANSIENT
            if failure.blame is Blame.FINAL or transient == MOST_TRANSIENT:
                raise failure.error from failure
            if attempt == MOST_CALLS or not retries.spend():
                raise _used_up(failure) from failure
            if failure.blame is Blame.TRANSIENT:
                pause = pause_before(transient, failure.cause, failure.retry_after)
                if pause > 2 * LONGEST_PAUSE or loop.time() + pause >= deadline:
                    raise failure.error from failure
                await self._sleep(pause)
        raise AssertionError("the loop returns or raises")

    def _note(self, failure: CallError, account: Account, model: str, request_id: str) -> None:
        if failure.error.kind.code == "moderation_blocked":
            return
        self._pool.mark(account, model, failure.cause, reason=failure.reason, retry_after=failure.retry_after)
        self._log.error(
            "upstream_failure",
            request_id=request_id,
            model=model,
            account=account.id,
            status=failure.status,
            reason=failure.reason,
            cause=failure.cause.value,
            finish_reason=failure.finish_reason,
            error_code=failure.error.kind.code,
        )


def _used_up(failure: CallError) -> ProxyError:
    """Where the calls of a request are used up: a full quota is a 429 that may be tried again soon."""
    if failure.blame is Blame.QUOTA:
        return ProxyError(
            "accounts_exhausted",
            f"Several accounts have used up their quota ({failure.cause}: {failure.reason}). Try again soon.",
            retry_after=1,
        )
    return failure.error
