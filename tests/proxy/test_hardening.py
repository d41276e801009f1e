"""Clients that are slow, silent, greedy or too many take nothing from the others: real sockets, short limits."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

import pytest
import respx
import uvicorn
from PIL import Image

from proxy.application import build_application
from proxy.connections import ClientLimits
from proxy.home import Home
from proxy.service import Service
from proxy.settings import read_settings
from proxy.worker import server_config
from tests.proxy.conftest import RunningProxy, drawn
from tests.proxy.played_upstream import PlayedUpstream
from tests.proxy.waiting import until

LONG = ClientLimits()
"""Limits that no test reaches."""


@dataclass
class Listening:
    """A server in a thread of its own."""

    service: Service
    server: uvicorn.Server
    address: tuple[str, int]
    key: str

    def connect(self) -> socket.socket:
        """A connection without a request."""
        connection = socket.create_connection(self.address, timeout=20)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def head(self, *headers: str, key: str | None = None) -> bytes:
        """The head of a generation."""
        lines = [
            "POST /v1/images/generations HTTP/1.1",
            "host: proxy.test",
            f"authorization: Bearer {self.key if key is None else key}",
            "content-type: application/json",
            *headers,
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n"

    def generation(self) -> bytes:
        """A whole request."""
        body = b'{"prompt": "a kite"}'
        return self.head(f"content-length: {len(body)}", "connection: close") + body

    def events(self) -> list[dict[str, Any]]:
        """The log's image requests."""
        lines = map(json.loads, self.service.home.log.read_text().splitlines())
        return [event for event in lines if event["event"] == "image_request"]


Listen = Callable[[ClientLimits], Listening]


@pytest.fixture
def listen(home: Home, client_key: str, played: PlayedUpstream) -> Iterator[Listen]:
    """Starts servers with given limits."""
    with ExitStack() as stack:

        def start(limits: ClientLimits) -> Listening:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            running: list[Listening] = []

            async def serve() -> None:
                flags = {"IMAGE_PROXY_HOME": str(home.path), "IMAGE_PROXY_UPSTREAM": played.url}
                service = Service(read_settings(flags), limits=limits)
                server = uvicorn.Server(server_config(build_application(service), limits))
                running.append(Listening(service, server, listener.getsockname(), client_key))
                await server.serve([listener])

            thread = threading.Thread(target=asyncio.run, args=(serve(),))
            thread.start()
            stack.callback(thread.join, timeout=20)
            until(lambda: bool(running) and running[0].server.started)
            stack.callback(setattr, running[0].server, "should_exit", True)
            return running[0]

        yield start


def _received(connection: socket.socket) -> bytes:
    """Everything until the server closes the connection."""
    chunks = []
    try:
        while chunk := connection.recv(65_536):
            chunks.append(chunk)
    except ConnectionResetError:
        pass
    return b"".join(chunks)


def _status(answer: bytes) -> int:
    found = re.match(rb"HTTP/1.1 (\d{3}) ", answer)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"POST /v1/images/gen", b"GET /healthz HTTP/1.1\r\nhost: x\r\n"])
def test_connection_that_begins_no_whole_request_is_closed(sent: bytes, listen: Listen) -> None:
    server = listen(replace(LONG, head_seconds=0.1))
    with server.connect() as connection:
        connection.sendall(sent)

        assert _received(connection) == b""


def test_bytes_that_begin_nothing_hold_no_connection_after_an_answer(listen: Listen) -> None:
    server = listen(replace(LONG, head_seconds=0.1))
    with server.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        assert _status(connection.recv(65_536)) == 200
        connection.sendall(b"\r\n")

        assert b"HTTP/1.1" not in _received(connection)


def test_connection_without_a_further_request_is_closed(listen: Listen) -> None:
    server = listen(replace(LONG, idle_seconds=0.1))
    with server.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")

        assert _status(_received(connection)) == 200


def test_head_without_an_end_is_refused(listen: Listen) -> None:
    server = listen(replace(LONG, head_bytes=10_000))
    with server.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\n" + b"x-filler: y\r\n" * 2000)

        assert _status(_received(connection)) == 431


@pytest.mark.parametrize("limits", [replace(LONG, body_pause_seconds=0.1), replace(LONG, body_seconds=0.1)])
@pytest.mark.parametrize("header", ["content-length: 1000", "transfer-encoding: chunked"])
def test_body_that_does_not_come_is_answered_and_logged(limits: ClientLimits, header: str, listen: Listen) -> None:
    server = listen(replace(limits, linger_seconds=0.1))
    with server.connect() as connection:
        connection.sendall(server.head(header) + b'5\r\n{"pro')
        answer = _received(connection)

    assert _status(answer) == 408
    assert b'"code":"request_timeout"' in answer
    (event,) = server.events()
    assert (event["status"], event["error_code"], event["level"]) == (408, "request_timeout", "INFO")


def test_body_that_does_not_come_from_a_client_who_was_answered_before(listen: Listen, upstream: respx.Route) -> None:
    assert upstream is not None
    server = listen(replace(LONG, body_pause_seconds=0.2, linger_seconds=0.1))
    for _ in range(2):
        with server.connect() as connection:
            connection.sendall(server.generation())
            assert _status(_received(connection)) == 200
    with server.connect() as connection:
        connection.sendall(server.head("content-length: 1000") + b'{"prompt"')

        assert _status(_received(connection)) == 408
    assert [event["status"] for event in server.events()] == [200, 200, 408]


def test_body_that_comes_in_pieces_is_waited_for(listen: Listen, upstream: respx.Route) -> None:
    assert upstream is not None
    server = listen(replace(LONG, body_pause_seconds=5, idle_seconds=0.2))
    body = json.dumps({"prompt": "a kite"}).encode()
    with server.connect() as connection:
        connection.sendall(server.head(f"content-length: {len(body)}"))
        for position in range(len(body)):
            connection.sendall(body[position : position + 1])

        assert _status(_received(connection)) == 200


def test_rest_of_a_body_that_was_refused_is_not_waited_for_long(listen: Listen) -> None:
    server = listen(replace(LONG, linger_seconds=0.1))
    with server.connect() as connection:
        connection.sendall(server.head("content-length: 1000", key="wrong"))

        assert _status(_received(connection)) == 401


def test_body_that_announces_too_much_is_refused_before_it_is_sent(listen: Listen) -> None:
    server = listen(replace(LONG, linger_seconds=0.1))
    with server.connect() as connection:
        connection.sendall(server.head("content-length: 50000001"))

        assert _status(_received(connection)) == 413


def test_client_that_does_not_read_its_answer_is_left(listen: Listen, upstream: respx.Route) -> None:
    picture = BytesIO()
    Image.frombytes("RGB", (1800, 1800), os.urandom(1800 * 1800 * 3)).save(picture, "PNG", compress_level=0)
    upstream.mock(side_effect=lambda _: drawn(picture.getvalue()))
    server = listen(replace(LONG, stall_seconds=0.2))
    with server.connect() as connection:
        connection.sendall(server.generation())
        connection.recv(100)
        until(lambda: not server.server.server_state.connections)
    with server.connect() as connection:
        connection.sendall(server.generation())

        assert b"x-cache: hit" in _received(connection)


def test_connections_beyond_the_limit_are_closed_and_the_others_served(listen: Listen) -> None:
    server = listen(replace(LONG, connections=3, idle_seconds=0.2))
    with ExitStack() as stack:
        held = [stack.enter_context(server.connect()) for _ in range(3)]
        until(lambda: len(server.server.server_state.connections) == 3)
        with server.connect() as further:
            assert _received(further) == b""
        held[0].sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")

        assert _status(_received(held[0])) == 200


def test_broken_request_is_refused_and_closed(listen: Listen) -> None:
    server = listen(LONG)
    with server.connect() as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00 not http\r\n\r\n")

        assert _status(_received(connection)) == 400


PATHS = ("/healthz", "/readyz", "/metrics", "/v1/models", "/internal/stats", "/internal/upstream-calls", "/nowhere")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("authorization", ["", None])
def test_no_answer_is_for_caches_on_the_way(path: str, authorization: str | None, proxy: RunningProxy) -> None:
    headers = {} if authorization is None else {"authorization": authorization}

    assert proxy.send("GET", path, headers=headers).headers["cache-control"] == "private, no-store"


def test_no_url_of_a_client_is_fetched(proxy: RunningProxy, upstream: respx.Route, played: PlayedUpstream) -> None:
    elsewhere = played.router.route().respond(200)
    body = {"prompt": "a kite", "images": [{"image_url": f"{played.url}/latest/meta-data"}]}

    response = proxy.send("POST", "/v1/images/edits", json=body)

    assert response.status_code == 400
    assert not elsewhere.called
    assert not upstream.called
