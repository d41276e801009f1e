"""Answers that never come: connections that are reset or left hanging."""

import asyncio
import contextlib
import socket
import struct

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_EXTENSION = "simulator.reset"
_LONGEST_HANG_S = 600.0
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


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
