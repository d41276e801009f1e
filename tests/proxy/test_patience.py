"""Everyone waits for as long as they want, and nobody's leaving takes anything from another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from proxy.patience import TIMEOUT_HEADERS, patience_of
from tests.proxy.conftest import RunningProxy, drawn
from tests.proxy.waiting import until


class Held:
    """An upstream that answers when it is told to; it knows who was cancelled."""

    def __init__(self) -> None:
        self.called = asyncio.Event()
        self.answers = asyncio.Event()
        self.cancelled = 0

    async def __call__(self, _: httpx.Request) -> httpx.Response:
        self.called.set()
        try:
            await self.answers.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return drawn()


def test_client_that_leaves_cancels_the_upstream_call(proxy: RunningProxy, upstream: respx.Route) -> None:
    held = Held()
    upstream.mock(side_effect=held)

    response = proxy.leave(after=held.called.wait)

    assert (response.status_code, response.headers["x-cache"]) == (499, "miss")
    until(lambda: held.cancelled == 1)
    stats = proxy.stats()
    assert stats["single_flight"]["in_flight"] == 0
    assert stats["accounts"]["under_way"] == 0
    (event,) = proxy.events()
    assert (event["status"], event["error_code"], event["level"]) == (499, "client_closed_request", "INFO")


@pytest.mark.parametrize("body", [{"n": 3}, {"n": 1}])
def test_client_that_leaves_without_a_cache_cancels_all_its_calls(
    body: dict[str, int], start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    held = Held()
    upstream.mock(side_effect=held)
    proxy = start_proxy(CACHE_BACKEND="none")

    assert proxy.leave(body, after=held.called.wait).status_code == 499
    until(lambda: held.cancelled >= 1)
    assert proxy.stats()["accounts"]["under_way"] == 0


def test_call_goes_on_for_others_who_wait(proxy: RunningProxy, upstream: respx.Route) -> None:
    held = Held()
    upstream.mock(side_effect=held)

    async def one_leaves_one_stays() -> list[int]:
        staying = asyncio.create_task(proxy.client.post("/v1/images/generations", json={"prompt": "a kite"}))
        await held.called.wait()
        leaving = asyncio.create_task(
            proxy.client.post(
                "/v1/images/generations",
                json={"prompt": "a kite"},
                headers={"x-stainless-read-timeout": "0.05"},
            )
        )
        impatient = await leaving
        held.answers.set()
        return [impatient.status_code, (await staying).status_code]

    assert proxy.portal.call(one_leaves_one_stays) == [504, 200]
    assert held.cancelled == 0
    assert upstream.call_count == 1


def test_one_who_started_the_work_may_be_the_impatient_one(proxy: RunningProxy, upstream: respx.Route) -> None:
    held = Held()
    upstream.mock(side_effect=held)
    body = {"prompt": "a kite"}

    async def starter_leaves() -> list[int]:
        headers = {"x-stainless-timeout": "0.2"}
        starting = asyncio.create_task(proxy.client.post("/v1/images/generations", json=body, headers=headers))
        await held.called.wait()
        staying = asyncio.create_task(proxy.client.post("/v1/images/generations", json=body))
        impatient = await starting
        held.answers.set()
        return [impatient.status_code, (await staying).status_code]

    assert proxy.portal.call(starter_leaves) == [504, 200]
    assert (held.cancelled, upstream.call_count) == (0, 1)


def test_client_that_waited_in_vain_gets_the_timeout_s_error(proxy: RunningProxy, upstream: respx.Route) -> None:
    held = Held()
    upstream.mock(side_effect=held)

    response = proxy.generate(headers={"x-stainless-read-timeout": "0.1"})

    assert (response.status_code, response.json()["error"]["code"]) == (504, "upstream_timeout")
    assert response.headers["x-cache"] == "miss"
    until(lambda: held.cancelled == 1)


@pytest.mark.parametrize("name", TIMEOUT_HEADERS)
@pytest.mark.parametrize(("text", "seconds"), [("600", 600.0), ("0.5", 0.5), ("30.25", 30.25)])
def test_time_that_a_client_waits_is_read(name: str, text: str, seconds: float) -> None:
    assert patience_of({name: text}) == seconds


@given(
    text=st.sampled_from(["", "0", "0.0", "-1", "1e3", "nan", "inf", "1_0", " 5", "NOT_GIVEN"]) | st.text(max_size=9)
)
def test_time_that_cannot_be_is_none_at_all(text: str) -> None:
    seconds = patience_of({TIMEOUT_HEADERS[0]: text})

    assert seconds is None or (text.isascii() and 0 < seconds < 1_000_000)
