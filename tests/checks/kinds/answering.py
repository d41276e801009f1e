"""A small real server that answers as the tests of the asking kinds need it."""

from __future__ import annotations

import base64
import io
import os
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import uvicorn
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

KEY = "sk-the-right-key-of-this-test"


def png(width: int = 8, height: int = 6, colour: str = "red") -> bytes:
    """A whole PNG of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


class Answering:
    """An application that remembers what it was asked; `settings` is what it reports of itself."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.settings: dict[str, str] | None = {"CACHE_BACKEND": "filesystem", "CACHE_TTL_SECONDS": "7200"}
        self.pid: int | None = os.getpid()
        self.base = ""
        self.app = Starlette(
            routes=[
                Route("/echo", self.echo, methods=["GET", "POST", "PUT"]),
                Route("/echo/{name}", self.echo),
                Route("/form", self.form, methods=["POST"]),
                Route("/pictures", self.pictures, methods=["POST"]),
                Route("/picture", self.picture),
                Route("/text", self.text),
                Route("/is/{version}/healthz", self.healthz),
                Route("/slow", self.slow),
                Route("/endless", self.endless),
                Route("/drops", self.drops),
                Route("/away", self.away),
                Route("/count", self.count),
                Route("/stats", self.stats),
            ]
        )

    def _note(self, request: Request, **more: Any) -> None:
        self.seen.append({"path": request.url.path, "headers": dict(request.headers), **more})

    async def echo(self, request: Request) -> Response:
        """What was sent, and an id in a header."""
        body = await request.body()
        self._note(request)
        told = {"method": request.method, "path": request.url.path, "body": body.decode(), "id": f"id-{len(self.seen)}"}
        return JSONResponse(told, headers={"X-Request-Id": f"r/{len(self.seen)}"})

    async def form(self, request: Request) -> Response:
        """The fields of a form, files by their bytes."""
        self._note(request)
        async with request.form() as form:
            told = {}
            for name, value in form.items():
                if isinstance(value, str):
                    told[name] = value
                else:
                    told[name] = base64.b64encode(await value.read()).decode()
        return JSONResponse(told)

    async def pictures(self, request: Request) -> Response:
        """OpenAI's answer with the entries that were asked for."""
        return JSONResponse({"created": 1, "data": (await request.json())["entries"]})

    async def picture(self, request: Request) -> Response:
        """A picture as the body."""
        return Response(png(), media_type="image/png")

    async def text(self, request: Request) -> Response:
        """A body that is no JSON."""
        return Response("all is well", media_type="text/plain")

    async def healthz(self, request: Request) -> Response:
        """The version that the path names."""
        return JSONResponse({"version": request.path_params["version"]})

    async def slow(self, request: Request) -> Response:
        """No answer for a long time."""
        await anyio.sleep(30)
        return Response("late")

    async def endless(self, request: Request) -> Response:
        """80 MiB, more than anyone should read."""

        async def pour() -> AsyncIterator[bytes]:
            for _ in range(80):
                await anyio.sleep(0)
                yield b"x" * (1 << 20)

        return StreamingResponse(pour())

    async def drops(self, request: Request) -> Response:
        """A byte now and then, for longer than anyone should wait."""

        async def drip() -> AsyncIterator[bytes]:
            for _ in range(300):
                await anyio.sleep(0.1)
                yield b"x"

        return StreamingResponse(drip())

    async def away(self, request: Request) -> Response:
        """A redirect to itself."""
        return RedirectResponse("/away")

    async def count(self, request: Request) -> Response:
        """Another answer each time: 200 at first, 503 after."""
        self._note(request)
        number = sum(1 for each in self.seen if each["path"] == "/count")
        return JSONResponse({"number": number}, status_code=200 if number == 1 else 503)

    async def stats(self, request: Request) -> Response:
        """The report of itself, for who has the key."""
        self._note(request)
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return JSONResponse({"error": "no key"}, status_code=401)
        told: dict[str, Any] = {"pid": self.pid}
        if self.settings is not None:
            told["settings"] = self.settings
        return JSONResponse(told)


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an application on a free port of this machine; gives its base URL, and stops it at the end."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
