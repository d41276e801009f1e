"""Request bodies that come too slowly are answered with an error instead of being waited for."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from proxy.connections import WHOLE, ClientLimits
from proxy.errors import ProxyError


class BodyDeadline:
    """The layer that ends the wait for a body: ProxyError request_timeout is raised where the body is read."""

    def __init__(self, application: ASGIApp, limits: ClientLimits) -> None:
        self._application = application
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does."""
        if scope["type"] != "http" or WHOLE in scope.get("state", ()):
            await self._application(scope, receive, send)
            return
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limits.body_seconds
        whole = False

        async def receive_in_time() -> Message:
            nonlocal whole
            if whole:
                return await receive()
            try:
                async with asyncio.timeout_at(min(deadline, loop.time() + self._limits.body_pause_seconds)):
                    message = await receive()
            except TimeoutError:
                raise ProxyError("request_timeout") from None
            whole = not message.get("more_body", False)
            return message

        await self._application(scope, receive_in_time, send)
