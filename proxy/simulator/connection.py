"""Answers that never come: connections that are reset or left hanging."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_EXTENSION = "simulator.reset"
_LONGEST_HANG_S = 600.0
_PIECES, _PIECE_EVERY_S = 20, 0.25
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""`SO_LINGER` with no time to linger: closing sends RST instead of FIN."""


class ResettableProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol that also lets the application reset the connection."""

    def on_message_begin(self) -> None:
        """Offer the reset in each request's scope."""
        super().on_message_begin()
        self.scope["extensions"] = {_EXTENSION: {"reset": self._reset}}

    def _reset(self) -> None:
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.transport.abort()


async def reset_connection(scope: Scope, receive: Receive, _send: Send) -> None:
    """Reset the connection without an answer."""
    scope["extensions"][_EXTENSION]["reset"]()
    await _until_disconnected(receive)


async def leave_hanging(_scope: Scope, receive: Receive, _send: Send) -> None:
    """Answer nothing until the client goes away, ten minutes at most."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LONGEST_HANG_S):
            await _until_disconnected(receive)


def dribble(body: bytes) -> ASGIApp:
    """An answer with status 200 whose body comes in twenty pieces, a quarter of a second apart."""

    async def pieces() -> AsyncIterator[bytes]:
        size = -(-len(body) // _PIECES)
        for start in range(0, len(body), size):
            await asyncio.sleep(_PIECE_EVERY_S)
            yield body[start : start + size]

    return StreamingResponse(pieces(), media_type="application/json; charset=UTF-8")


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
