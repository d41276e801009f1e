"""The one way from a request to its answer: cache, single flight, n calls, cache again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any

from proxy.answers import answer_body, needs_conversion
from proxy.cache.front import CacheFront, CacheState
from proxy.cache.key import cache_key
from proxy.cache.protocol import Entry
from proxy.dispatch import Dispatch, Drawn
from proxy.enhancement import Mode, enhance
from proxy.errors import ProxyError
from proxy.eventlog import EventLog
from proxy.gemini import payload
from proxy.patience import while_wanted
from proxy.requests import ImageRequest
from proxy.retrying import Retries
from proxy.single_flight import SingleFlight


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request ended: with a body, or with an error.

    cache               how the cache took part
    age                 seconds since the answer was made; None unless it comes from the cache
    key                 the cache's key of the answer, where it is kept there
    images              how many images the body holds
    account             the id of the account that paid for the first image; None without a call of its own
    generation_time_ms  how long the upstream calls took together; None without any
    """

    cache: CacheState
    body: bytes = b""
    images: int = 0
    account: str | None = None
    generation_time_ms: float | None = None
    error: ProxyError | None = None
    age: int | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A request with who sent it and what its Cache-Control says.

    tenant    the digest of the client's key
    no_store  neither look up nor keep the answer
    no_cache  do not look up, but keep the answer
    patience  how many seconds the client waits; None: for as long as it takes
    left      returns when the client has left; None: it never does
    """

    request: ImageRequest
    tenant: str
    request_id: str
    no_store: bool = False
    no_cache: bool = False
    patience: float | None = None
    left: Callable[[], Awaitable[None]] | None = None


class Generation:
    """Serves requests that have been checked.

    shares           whether clients are served each other's answers
    timeout_seconds  how long a request waits for another process that makes its answer
    """

    def __init__(
        self,
        dispatch: Dispatch,
        cache: CacheFront,
        flights: SingleFlight[Outcome],
        log: EventLog,
        *,
        enhancement: Mode,
        shares: bool,
        timeout_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._dispatch = dispatch
        self._cache = cache
        self._flights = flights
        self._log = log
        self._enhancement = enhancement
        self._shares = shares
        self._timeout_seconds = timeout_seconds
        self._clock = clock

    async def serve(self, order: Order) -> Outcome:
        """The answer to an order. Equal orders at one time share one lookup and one set of calls.

        Each waits for as long as its own client does; work that nobody waits for any more is cancelled.
        """
        if not self._cache.enabled or order.no_store:
            return await self._awaited(order, CacheState.BYPASS, self._made(order, CacheState.BYPASS))
        key = await self._key(order)
        if order.no_cache:
            return await self._awaited(order, CacheState.BYPASS, self._made_and_kept(key, order, CacheState.BYPASS))
        entry = self._cache.peek(key)
        if entry:
            return replace(self.hit(entry), key=key)
        return await self._awaited(order, CacheState.MISS, self._shared(key, order))

    async def _awaited(self, order: Order, state: CacheState, work: Coroutine[Any, Any, Outcome]) -> Outcome:
        """The work's outcome, or that of a client who waited in vain or left."""
        try:
            return await while_wanted(work, seconds=order.patience, left=order.left and order.left())
        except ProxyError as error:
            return Outcome(state, error=error)

    async def _key(self, order: Order) -> str:
        tenant = "" if self._shares else order.tenant
        made = partial(cache_key, order.request, tenant=tenant, prompt=self._prompt(order.request))
        # Digests of pictures take their time.
        return await asyncio.to_thread(made) if order.request.images else made()

    async def _shared(self, key: str, order: Order) -> Outcome:
        outcome, joined = await self._flights.run(key, partial(self._found_or_made, key, order))
        return replace(outcome, account=None, generation_time_ms=None) if joined else outcome

    async def _found_or_made(self, key: str, order: Order) -> Outcome:
        entry, asked = await self._cache.lookup(key)
        if entry:
            return replace(self.hit(entry), key=key)
        if not asked:
            return await self._made(order, CacheState.ERROR)
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(self._timeout_seconds):
                    await held.enter_async_context(self._cache.lease(key))
            except TimeoutError:
                return Outcome(CacheState.MISS, error=ProxyError("upstream_timeout"))
            # Another process may have made it between the first look and the lease.
            entry, asked = await self._cache.lookup(key)
            if entry:
                return replace(self.hit(entry), key=key)
            return await self._made_and_kept(key, order, CacheState.MISS if asked else CacheState.ERROR)

    async def _made_and_kept(self, key: str, order: Order, state: CacheState) -> Outcome:
        return await self._kept(key, order, await self._made(order, state))

    def hit(self, entry: Entry) -> Outcome:
        """The outcome of a request whose answer was in the cache."""
        return Outcome(CacheState.HIT, entry.body, entry.images, age=self.age_of(entry))

    def age_of(self, entry: Entry) -> int:
        """Whole seconds since an answer was made."""
        return max(0, int(self._clock() - entry.created_at))

    async def _kept(self, key: str, order: Order, outcome: Outcome) -> Outcome:
        """The same outcome, after its answer has been stored, if it is whole: errors and refusals never are."""
        request = order.request
        if outcome.error or outcome.images < request.n:
            return outcome
        prompt_hash = self._log.prompt_hash(request.prompt)
        entry = Entry(outcome.body, outcome.images, request.model.id, prompt_hash, self._clock())
        stored = await self._cache.store(key, entry)
        return replace(outcome, key=key) if stored else replace(outcome, cache=CacheState.ERROR)

    async def _made(self, order: Order, state: CacheState) -> Outcome:
        """A new answer, by n calls at a time; what succeeded counts, and only no success at all is an error."""
        request = order.request
        prompt = self._prompt(request)
        sent = payload(request, prompt)
        started = perf_counter()
        retries = Retries(request.n)
        calls = [self._dispatch.draw(request.model.upstream, sent, order.request_id, retries) for _ in range(request.n)]
        ended = await asyncio.gather(*calls, return_exceptions=True)
        spent = round((perf_counter() - started) * 1000, 3)
        drawn = [one for one in ended if isinstance(one, Drawn)]
        failures = [one for one in ended if not isinstance(one, Drawn)]
        errors = [_own(failure) for failure in failures]
        if not drawn:
            return Outcome(state, generation_time_ms=spent, error=_foremost(errors))
        if errors:
            counts = Counter(error.kind.code for error in errors)
            self._log.error(
                "partial_failure", request_id=order.request_id, n=request.n, images=len(drawn), error_codes=dict(counts)
            )
        revised = prompt if prompt != request.prompt else None
        drawings = [one.drawing for one in drawn]
        body_of = partial(answer_body, request, drawings, created=int(self._clock()), revised_prompt=revised)
        body = await asyncio.to_thread(body_of) if needs_conversion(request, drawings) else body_of()
        return Outcome(state, body, len(drawn), drawn[0].account.id, spent)

    def _prompt(self, request: ImageRequest) -> str:
        if request.endpoint == "edits":
            return request.prompt
        return enhance(request.prompt, request.quality, request.style, self._enhancement)


def _own(failure: BaseException) -> ProxyError:
    """A failure that is an answer; anything else is a defect and is raised."""
    if isinstance(failure, ProxyError):
        return failure
    raise failure


def _foremost(errors: list[ProxyError]) -> ProxyError:
    """The error that stands for all: one of our side before a refusal, so that a failure is never told as one."""
    return next((error for error in errors if error.kind.is_our_failure), errors[0])
