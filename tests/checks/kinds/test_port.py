from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import psutil
import pytest

from checks.kinds.port import Listener, PortCheck
from checks.outcome import Status
from checks.target import Target
from tests.checks.kinds.conftest import Make, MakeContext


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_tells_who_listens(listening: int, make: Make, context: MakeContext) -> None:
    seen = make(PortCheck, port=listening).observe(context()).properties
    assert seen == {
        "listening": True,
        "address": "127.0.0.1",
        "loopback": True,
        "pid": os.getpid(),
        "program": psutil.Process().exe(),
        "processes": 1,
    }


def test_takes_host_and_port_from_the_target(listening: int, make: Make, context: MakeContext) -> None:
    target = Target(url=f"http://localhost:{listening}")
    assert make(PortCheck).observe(context(target=target)).properties["listening"] is True


def test_a_client_of_the_port_does_not_listen_there(make: Make, context: MakeContext) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        own_port = client.getsockname()[1]
        observation = make(PortCheck, port=own_port).observe(context())
    assert observation.properties["listening"] is False
    assert observation.properties["program"] is None


def test_another_address_is_not_the_one_asked_for(listening: int, make: Make, context: MakeContext) -> None:
    observation = make(PortCheck, port=listening, host="127.0.0.2").observe(context())
    assert observation.properties["listening"] is False
    assert "but on 127.0.0.1" in observation.reason


def test_without_the_whole_table_our_own_processes_are_asked(
    listening: int, make: Make, context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(kind: str) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", refused)
    assert make(PortCheck, port=listening).observe(context()).properties["pid"] == os.getpid()


def test_a_listener_of_another_user_is_there_without_a_name(
    listening: int, make: Make, context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = [each._replace(pid=None) for each in psutil.net_connections(kind="tcp")]
    monkeypatch.setattr(psutil, "net_connections", lambda kind: table)
    seen = make(PortCheck, port=listening).observe(context()).properties
    assert (seen["listening"], seen["pid"], seen["program"], seen["processes"]) == (True, None, None, None)


def test_a_host_that_is_not_known_is_an_error(
    listening: int, make: Make, context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(host: str, port: None) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    observation = make(PortCheck, port=listening, host="nowhere.example").observe(context())
    assert observation.status is Status.ERROR
    assert "nowhere.example is not known" in observation.reason


@pytest.mark.parametrize("url", [None, "http://127.0.0.1:99999"])
def test_no_port_to_look_at_is_an_error(url: str | None, make: Make, context: MakeContext) -> None:
    assert make(PortCheck).observe(context(target=Target(url=url))).status is Status.ERROR


@pytest.mark.parametrize(
    ("bound", "called", "reached"),
    [
        ("0.0.0.0", "127.0.0.1", True),
        ("0.0.0.0", "::1", False),
        ("::", "127.0.0.1", True),
        ("::ffff:127.0.0.1", "127.0.0.1", True),
        ("::1", "127.0.0.1", False),
        ("127.0.0.1", "127.0.0.1", True),
    ],
)
def test_which_callers_reach_an_address(bound: str, called: str, reached: bool) -> None:
    assert Listener(bound, 80, None).answers(frozenset({called})) is reached
