"""A proxy in this process, over ASGI, in front of an upstream on a port of its own that respx plays."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from PIL import Image

from proxy.application import build_application
from proxy.atomic import write_private
from proxy.connections import ClientLimits
from proxy.home import Home, initialise
from proxy.service import Service
from proxy.settings import described, read_settings
from tests.proxy.played_upstream import HOST, PlayedUpstream

LIMITS = ClientLimits(body_pause_seconds=1)
"""What clients may take; a body that is there comes at once."""


def png(width: int = 8, height: int = 8, colour: str = "red") -> bytes:
    """A real PNG."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, "PNG")
    return buffer.getvalue()


def drawn(content: bytes | None = None, **more: Any) -> httpx.Response:
    """Gemini's answer with one image."""
    data = base64.b64encode(png() if content is None else content).decode()
    parts = [{"inlineData": {"mimeType": "image/png", "data": data}}]
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}
    return httpx.Response(200, json={"candidates": [candidate], **more})


def ended(reason: str) -> httpx.Response:
    """Gemini's answer without an image."""
    return httpx.Response(200, json={"candidates": [{"finishReason": reason}]})


def refused(status: int, word: str = "UNAVAILABLE", **detail: Any) -> httpx.Response:
    """Gemini's answer with an error; its text quotes a prompt, as the real one may."""
    error: dict[str, Any] = {"code": status, "message": "cannot draw 'a secret castle'", "status": word}
    if detail:
        error["details"] = [detail]
    return httpx.Response(status, json={"error": error})


@dataclass
class Clock:
    """A clock that moves only when it is told to."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


async def no_pause(_: float) -> None:
    """Retry at once."""


@dataclass
class RunningProxy:
    """A proxy and its client."""

    service: Service
    portal: BlockingPortal
    key: str
    client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.application = build_application(self.service)
        transport = httpx.ASGITransport(self.application)
        self.client = httpx.AsyncClient(
            transport=transport, base_url="http://proxy.test", headers={"authorization": f"Bearer {self.key}"}
        )

    def send(self, method: str, path: str, **content: Any) -> httpx.Response:
        """Any request."""

        async def sent() -> httpx.Response:
            return await self.client.request(method, path, **content)

        return self.portal.call(sent)

    def generate(self, body: dict[str, Any] | None = None, *, headers: dict[str, str] | None = None) -> httpx.Response:
        """A generation of `a kite` with further fields."""
        fields = {"prompt": "a kite", **(body or {})}
        return self.send("POST", "/v1/images/generations", json=fields, headers=headers or {})

    def edit(self, files: list[tuple[str, bytes]] | None = None, **fields: str) -> httpx.Response:
        """An edit of a picture, `make it blue`."""
        parts = [("image", png())] if files is None else files
        named = [(name, ("picture.png", content, "image/png")) for name, content in parts]
        return self.send("POST", "/v1/images/edits", data={"prompt": "make it blue", **fields}, files=named)

    def together(self, *bodies: dict[str, Any]) -> list[httpx.Response]:
        """Generations that are under way at one time."""

        async def sent() -> list[httpx.Response]:
            posts = [self.client.post("/v1/images/generations", json={"prompt": "a kite", **body}) for body in bodies]
            return list(await asyncio.gather(*posts))

        return self.portal.call(sent)

    def leave(self, body: dict[str, Any] | None = None, *, after: Callable[[], Awaitable[object]]) -> httpx.Response:
        """A generation whose client leaves once `after` has returned, and the answer that nobody reads."""
        content = json.dumps({"prompt": "a kite", **(body or {})}).encode()
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/images/generations",
            "raw_path": b"/v1/images/generations",
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {self.key}".encode()), (b"content-type", b"application/json")],
        }
        sent: list[Any] = []
        whole = iter([{"type": "http.request", "body": content, "more_body": False}])

        async def receive() -> dict[str, Any]:
            for message in whole:
                return message
            await after()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        async def called() -> None:
            await self.application(scope, receive, send)

        self.portal.call(called)
        return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], content=sent[1]["body"])

    def events(self, name: str = "image_request") -> list[dict[str, Any]]:
        """The log's events of one name."""
        lines = self.service.home.log.read_text().splitlines()
        return [event for event in map(json.loads, lines) if event["event"] == name]

    def stats(self) -> dict[str, Any]:
        """What /internal/stats tells."""
        found: dict[str, Any] = self.send("GET", "/internal/stats").json()
        return found


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*described(), "IMAGE_PROXY_API_KEY"]:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def clock() -> Clock:
    """The proxy's clock."""
    return Clock()


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home with two accounts, to be copied, and its client key."""
    path, key = initialise(tmp_path_factory.mktemp("made") / "home")
    account = {"name": "second", "project": "second", "api_key": "second-key"}
    write_private(Home(path).accounts / "second.json", json.dumps(account).encode())
    return path, key


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    """The event loop that proxies run in."""
    with start_blocking_portal() as running:
        yield running


@pytest.fixture(scope="session")
def played(portal: BlockingPortal) -> Iterator[PlayedUpstream]:
    """The upstream's server."""
    server = PlayedUpstream()
    with portal.wrap_async_context_manager(server.serving()):
        yield server


@pytest.fixture
def client_key(made_home: tuple[Path, str]) -> str:
    """The client key of the home."""
    return made_home[1]


@pytest.fixture
def home(tmp_path: Path, made_home: tuple[Path, str]) -> Home:
    """A fresh home with two accounts."""
    return Home(Path(shutil.copytree(made_home[0], tmp_path / "home")))


@pytest.fixture
def start_proxy(
    home: Home, client_key: str, clock: Clock, portal: BlockingPortal, played: PlayedUpstream
) -> Iterator[Callable[..., RunningProxy]]:
    """Starts proxies on the home, by variables."""
    with ExitStack() as stack:

        def start(**variables: str) -> RunningProxy:
            flags = {"IMAGE_PROXY_HOME": str(home.path), "IMAGE_PROXY_UPSTREAM": played.url, **variables}

            async def made() -> Service:
                return Service(read_settings(flags), clock=clock, pause=no_pause, limits=LIMITS)

            service = portal.call(made)
            service.announce()
            stack.callback(portal.call, service.close)
            running = RunningProxy(service, portal, client_key)
            stack.callback(portal.call, running.client.aclose)
            return running

        yield start


@pytest.fixture
def proxy(start_proxy: Callable[..., RunningProxy]) -> RunningProxy:
    """A proxy with default settings."""
    return start_proxy()


@pytest.fixture
def upstream(played: PlayedUpstream) -> respx.Route:
    """The upstream's one route; it draws a small red PNG unless a test says otherwise."""
    played.router = respx.MockRouter(assert_all_called=False)
    route = played.router.post(url__regex=rf"{HOST}/v1beta/models/[a-z0-9.-]+:generateContent")
    return route.mock(side_effect=lambda _: drawn())


def sent_bodies(route: respx.Route) -> list[dict[str, Any]]:
    """The bodies that the upstream was sent."""
    return [json.loads(call.request.content) for call in route.calls]
