"""The upstream as a real server on this machine, whose answers a respx router plays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import respx
from aiohttp import web
from aiohttp.test_utils import TestServer

HOST = "http://upstream.test"
"""What routes call the server; its address is known only once it runs."""
MOST_BYTES = 100_000_000
_OF_THE_CONNECTION = {"content-length", "transfer-encoding"}


class PlayedUpstream:
    """Answers by the router of the moment, and breaks off where that raises an error of transport."""

    def __init__(self) -> None:
        self.url = ""
        self.router = respx.MockRouter(assert_all_called=False)

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[None, None]:
        """The server, in the running loop."""
        application = web.Application(client_max_size=MOST_BYTES)
        application.router.add_route("*", "/{path:.*}", self._answer)
        async with TestServer(application) as server:
            self.url = str(server.make_url("")).rstrip("/")
            yield

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        asked = httpx.Request(request.method, f"{HOST}{request.path_qs}", headers=dict(request.headers))
        asked = httpx.Request(asked.method, asked.url, headers=asked.headers, content=await request.read())
        try:
            answer = await self.router.async_handler(asked)
        except httpx.TimeoutException:
            await asyncio.Event().wait()  # until the proxy gives up: its leaving cancels this
            raise
        except httpx.DecodingError:
            return web.Response(body=b"no gzip at all", headers={"content-encoding": "gzip"})
        except httpx.TransportError:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        headers = {name: value for name, value in answer.headers.items() if name not in _OF_THE_CONNECTION}
        return web.Response(status=answer.status_code, body=await answer.aread(), headers=headers)
