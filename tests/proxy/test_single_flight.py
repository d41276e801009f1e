"""Equal work is done once; who leaves takes nothing from the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from proxy.single_flight import SingleFlight


class Work:
    """Work that ends when it is told to, and counts how often it was started and cancelled."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.started = 0
        self.cancelled = 0

    async def __call__(self) -> str:
        self.started += 1
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return f"result {self.started}"


async def _settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def _in_loop(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        async def body() -> None:
            await test()

        asyncio.run(body())

    run.__name__ = test.__name__
    return run


@_in_loop
async def test_equal_keys_share_one_result() -> None:
    flights, work = SingleFlight[str](), Work()
    waiters = [asyncio.create_task(flights.run("key", work)) for _ in range(10)]
    await _settled()
    assert (flights.in_flight, flights.joined) == (1, 9)
    work.gate.set()

    results = await asyncio.gather(*waiters)

    assert {result for result, _ in results} == {"result 1"}
    assert [joined for _, joined in results].count(False) == 1
    assert flights.in_flight == 0


@_in_loop
async def test_work_that_has_ended_is_done_again() -> None:
    flights, work = SingleFlight[str](), Work()
    work.gate.set()

    assert await flights.run("key", work) == ("result 1", False)
    assert await flights.run("key", work) == ("result 2", False)


@_in_loop
async def test_one_who_leaves_cancels_nothing_for_the_others() -> None:
    flights, work = SingleFlight[str](), Work()
    starter, other = [asyncio.create_task(flights.run("key", work)) for _ in range(2)]
    await _settled()
    starter.cancel()
    await _settled()
    work.gate.set()

    assert await other == ("result 1", True)
    assert (work.started, work.cancelled) == (1, 0)


@_in_loop
async def test_last_one_who_leaves_cancels_the_work() -> None:
    flights, work = SingleFlight[str](), Work()
    waiters = [asyncio.create_task(flights.run("key", work)) for _ in range(3)]
    await _settled()
    for waiter in waiters:
        waiter.cancel()
    await asyncio.gather(*waiters, return_exceptions=True)
    await _settled()

    assert (work.started, work.cancelled, flights.in_flight) == (1, 1, 0)


@_in_loop
async def test_work_after_a_cancelled_one_is_new() -> None:
    flights, work = SingleFlight[str](), Work()
    first = asyncio.create_task(flights.run("key", work))
    await _settled()
    first.cancel()
    await asyncio.sleep(0)
    second = asyncio.create_task(flights.run("key", work))
    third = asyncio.create_task(flights.run("key", work))
    await _settled()
    work.gate.set()

    assert [result for result, _ in await asyncio.gather(second, third)] == ["result 2", "result 2"]


@_in_loop
async def test_error_reaches_all_and_is_not_kept() -> None:
    flights = SingleFlight[str]()

    async def failing() -> str:
        await asyncio.sleep(0)
        raise ValueError("broken")

    results = await asyncio.gather(*(flights.run("key", failing) for _ in range(3)), return_exceptions=True)

    assert [str(result) for result in results] == ["broken"] * 3
    with pytest.raises(ValueError, match="broken"):
        await flights.run("key", failing)
