"""Load on a service: a bounded number of requests, by clients that wait for their answers or at a steady rate."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.http_exchange import Interrupted, NoAnswer, answer_to, client_for

if TYPE_CHECKING:
    import ssl

    import httpx

MOST_UNDER_WAY = 2_000
"""Requests under way at once at a steady rate; one that is due while there are so many is not sent, and an error."""
_STOP_POLL_S = 0.05


@dataclass(frozen=True)
class Sample:
    """One request: its status, None without an answer and then `problem`; seconds to the last byte, and of delay.

    At a steady rate `latency_s` counts from when the request was due, so that a service that stalls cannot hide the
    requests that its stall held back.
    """

    status: int | None
    latency_s: float
    delay_s: float
    problem: str = ""


@dataclass(frozen=True)
class Pace:
    """How requests are sent: by so many `clients` that wait for answers, or so many a second at `rate`."""

    clients: int | None
    rate: float | None
    sending_s: float
    """How long requests are sent."""
    patience_s: float
    """How long an answer is waited for."""


def load(
    requests: Sequence[httpx.Request], pace: Pace, stop: threading.Event, trust: ssl.SSLContext | None = None
) -> list[Sample]:
    """Send the requests, each once, as far as `sending_s` allows; raises Interrupted or Unsendable."""
    with ThreadPoolExecutor(1, thread_name_prefix="load") as thread:
        return thread.submit(asyncio.run, _Load(requests, pace, stop, trust).samples()).result()


class _Load:
    def __init__(
        self, requests: Sequence[httpx.Request], pace: Pace, stop: threading.Event, trust: ssl.SSLContext | None
    ) -> None:
        self._trust = trust
        self._requests = requests
        self._pace = pace
        self._stop = stop
        self._found: list[Sample] = []
        self._begun = 0.0

    async def samples(self) -> list[Sample]:
        async with client_for(keep=self._pace.clients or MOST_UNDER_WAY, trust=self._trust) as client:
            self._begun = time.perf_counter()
            sending = asyncio.ensure_future(self._closed(client) if self._pace.clients else self._open(client))
            try:
                while not sending.done():
                    if self._stop.is_set():
                        raise Interrupted("stopped before every answer was complete")
                    await asyncio.wait([sending], timeout=_STOP_POLL_S)
                sending.result()
            except ExceptionGroup as problems:
                raise problems.exceptions[0] from problems
            finally:
                sending.cancel()
        return self._found

    async def _closed(self, client: httpx.AsyncClient) -> None:
        waiting = iter(self._requests)

        async def customer() -> None:
            for request in waiting:
                if time.perf_counter() - self._begun >= self._pace.sending_s:
                    return
                await self._send(client, request, time.perf_counter())

        async with asyncio.TaskGroup() as customers:
            for _ in range(self._pace.clients or 0):
                customers.create_task(customer())

    async def _open(self, client: httpx.AsyncClient) -> None:
        under_way: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as group:
            for number, request in zip(itertools.count(), self._requests, strict=False):
                due = self._begun + number / (self._pace.rate or 1.0)
                if due - self._begun >= self._pace.sending_s:
                    break
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                if len(under_way) >= MOST_UNDER_WAY:
                    self._found.append(Sample(None, 0.0, 0.0, f"not sent: {MOST_UNDER_WAY} are under way"))
                    continue
                task = group.create_task(self._send(client, request, due))
                under_way.add(task)
                task.add_done_callback(under_way.discard)

    async def _send(self, client: httpx.AsyncClient, request: httpx.Request, due: float) -> None:
        delay = time.perf_counter() - due
        try:
            answer = await answer_to(client, request, self._pace.patience_s)
        except NoAnswer as problem:
            self._found.append(Sample(None, time.perf_counter() - due, delay, str(problem)))
        else:
            self._found.append(Sample(answer.status, time.perf_counter() - due, delay))
