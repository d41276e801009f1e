"""Calls to the upstream are bounded in time and size, and the right picture is taken from the answer."""

from __future__ import annotations

import asyncio
import base64
import io
import random
import socket
from collections.abc import Callable
from contextlib import ExitStack

import httpx
import pytest
import respx
from PIL import Image

from proxy.call_answers import QUICK_BYTES
from tests.proxy.conftest import RunningProxy, drawn, png
from tests.proxy.played_upstream import HOST, PlayedUpstream


def _part(content: bytes, **more: object) -> dict[str, object]:
    return {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(content).decode()}, **more}


def _answer(*parts: dict[str, object]) -> httpx.Response:
    return httpx.Response(200, json={"candidates": [{"content": {"parts": list(parts)}, "finishReason": "STOP"}]})


def _image(response: httpx.Response) -> bytes:
    return base64.b64decode(response.json()["data"][0]["b64_json"])


def test_last_picture_that_is_no_thought_is_the_result(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(
        return_value=_answer(
            {"text": "thinking", "thought": True},
            _part(png(colour="black"), thought=True),
            _part(png(8, 8, "red")),
            _part(png(16, 16, "blue"), thoughtSignature="c2ln"),
            _part(png(colour="white"), thought=True),
            {"text": "Here it is."},
        )
    )

    response = proxy.generate()

    assert _image(response) == png(16, 16, "blue")
    assert "thinking" not in response.text
    assert "c2ln" not in response.text


def _noise(kind: str, side: int) -> bytes:
    buffer = io.BytesIO()
    Image.frombytes("RGB", (side, side), random.Random(0).randbytes(side * side * 3)).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(("kind", "side"), [("PNG", 8), ("PNG", 700), ("JPEG", 8)])
@pytest.mark.parametrize("cut", [0, 20])
def test_picture_is_checked_whatever_its_size_and_kind(
    proxy: RunningProxy, upstream: respx.Route, kind: str, side: int, cut: int
) -> None:
    content = _noise(kind, side)
    assert (len(content) > QUICK_BYTES) == (side == 700)
    upstream.mock(return_value=_answer(_part(content[: len(content) - cut])))

    response = proxy.generate()

    if cut:
        assert (response.status_code, response.json()["error"]["code"]) == (502, "invalid_upstream_answer")
    else:
        assert Image.open(io.BytesIO(_image(response))).size == (side, side)


def test_thoughts_alone_are_no_image(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(return_value=_answer(_part(png(), thought=True), {"text": "I would rather talk."}))

    response = proxy.generate()

    assert response.json()["error"]["code"] == "no_image"
    assert "rather" not in response.text


def test_members_of_tomorrow_do_no_harm(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(return_value=drawn(modelVersion="x", somethingNew={"a": [1]}))

    assert proxy.generate().status_code == 200


def test_key_travels_in_a_header_only(proxy: RunningProxy, upstream: respx.Route) -> None:
    proxy.generate()

    request = upstream.calls.last.request
    key = request.headers["x-goog-api-key"]
    assert key not in str(request.url)
    assert key.encode() not in request.content
    assert "authorization" not in request.headers


def test_answer_that_is_too_large_is_given_up(
    proxy: RunningProxy, upstream: respx.Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.upstream.LARGEST_ANSWER", 1000)
    upstream.mock(side_effect=lambda _: drawn(more="x" * 1000))

    response = proxy.generate()

    assert response.json()["error"]["message"] == "The upstream service's answer is too large."
    assert upstream.call_count == 1


def test_deadline_ends_a_call_that_hangs(start_proxy: Callable[..., RunningProxy], upstream: respx.Route) -> None:
    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        return drawn()

    upstream.mock(side_effect=hang)
    proxy = start_proxy(IMAGE_PROXY_UPSTREAM_TIMEOUT_SECONDS="1")

    response = proxy.generate()

    assert (response.status_code, response.json()["error"]["code"]) == (504, "upstream_timeout")
    assert proxy.stats()["upstream"] == {"calls": 1, "failures": 1}
    assert 1000 <= proxy.events()[0]["duration_ms"] < 10_000


@pytest.fixture
def environment_proxy(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Names a proxy to the environment, as companies do."""

    def name(url: str) -> None:
        for variable in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(variable, url)
        for variable in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(variable, raising=False)

    return name


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_proxy_of_the_environment_never_sees_calls_to_this_machine(
    host: str,
    environment_proxy: Callable[[str], None],
    start_proxy: Callable[..., RunningProxy],
    upstream: respx.Route,
    played: PlayedUpstream,
) -> None:
    environment_proxy("http://127.0.0.1:9")
    proxy = start_proxy(IMAGE_PROXY_UPSTREAM=played.url.replace("127.0.0.1", host))

    assert proxy.generate().status_code == 200
    assert upstream.called


def test_proxy_of_the_environment_is_used_for_other_machines(
    environment_proxy: Callable[[str], None],
    start_proxy: Callable[..., RunningProxy],
    upstream: respx.Route,
    played: PlayedUpstream,
) -> None:
    environment_proxy(played.url)
    proxy = start_proxy(IMAGE_PROXY_UPSTREAM=HOST)

    assert proxy.generate().status_code == 200
    assert upstream.called


def test_host_that_takes_no_connection_is_a_timeout(start_proxy: Callable[..., RunningProxy]) -> None:
    with ExitStack() as opened:
        listener = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):  # the backlog is full: the system answers no further connection
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        proxy = start_proxy(IMAGE_PROXY_UPSTREAM=url, IMAGE_PROXY_UPSTREAM_TIMEOUT_SECONDS="1")

        response = proxy.generate()

    assert (response.status_code, response.json()["error"]["code"]) == (504, "upstream_timeout")
