"""Asking a target what it is: real answers of every kind, and none of them believed too easily."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Iterator

import anyio
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from checks import identification
from checks.identification import completed, identify
from checks.target import Target
from tests.checks.kinds.answering import served


async def drip(request: Request) -> Response:
    async def drops() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" "
            await anyio.sleep(0.05)

    return StreamingResponse(drops())


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    async def answer(request: Request) -> Response:
        return {
            "good": JSONResponse({"version": "v1", "build": "b", "instance": "i", "more": 1}),
            "list": JSONResponse([1]),
            "text": Response("v1"),
            "large": Response(b'{"version": "' + b"v" * (2 << 20) + b'"}'),
            "down": JSONResponse({"version": "v1"}, status_code=503),
            "away": RedirectResponse("/good"),
        }[request.path_params["name"]]

    with served(Starlette(routes=[Route("/drip", drip), Route("/{name}", answer)])) as url:
        yield url


def test_what_it_says_is_taken(base: str) -> None:
    found = identify(Target(url=base, identity="/good"))
    assert (found.version, found.build, found.instance, found.problem) == ("v1", "b", "i", None)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("list", "the answer is no JSON object"),
        ("text", "Expecting value"),
        ("large", "the answer is larger than 1 MiB"),
        ("down", "status 503"),
        ("away", "status 307"),
    ],
)
def test_what_says_nothing_has_a_problem(base: str, name: str, problem: str) -> None:
    found = identify(Target(url=base, identity=f"/{name}"))
    assert found.version is None
    assert found.problem is not None
    assert found.problem.startswith(f"{base}/{name}: ")
    assert problem in found.problem


def test_an_answer_that_never_ends_is_not_waited_for(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identification, "ASK_TIMEOUT_S", 0.2)
    assert "did not end within 0.2 s" in (identify(Target(url=base, identity="/drip")).problem or "")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://[::bad", "nonsense"])
def test_a_url_that_leads_nowhere_is_a_problem(url: str) -> None:
    assert identify(Target(url=url)).problem


def test_a_listener_that_hangs_up_is_a_problem() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def hang_up() -> None:
            connection, _ = listener.accept()
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        found = identify(Target(url=f"http://127.0.0.1:{port}"))
        thread.join()
    assert found.problem


def test_only_what_is_unset_is_filled_in(base: str) -> None:
    reported = {"data_dir": "version", "upstream": "instance", "executable": "more"}
    target = Target.model_validate(
        {"url": base, "stats": "/good", "reported": reported, "upstream": "http://127.0.0.1:1"}
    )
    found = completed(target)
    assert (found.data_dir, found.upstream, found.executable) == ("v1", "http://127.0.0.1:1", None)


@pytest.mark.parametrize("stats", ["/down", "/list", None])
def test_a_report_that_does_not_come_fills_nothing(base: str, stats: str | None) -> None:
    target = Target.model_validate({"url": base, "stats": stats, "reported": {"data_dir": "version"}})
    assert completed(target) == target
