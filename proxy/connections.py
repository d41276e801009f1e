"""Connections that no client can hold for nothing: uvicorn's, with limits on number, heads, silence and stalls."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from proxy.joined_writes import JoinedWrites

WHOLE = "body_is_whole"
"""In a request's `state` once its body has been received: nobody needs a clock to read it."""


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """How long a client may take, in seconds, and how much it may send.

    connections         how many there may be at one time, in each worker; further ones are closed at once
    head_seconds        from the connection, or a request's first byte, to the end of its headers
    head_bytes          the most bytes of a request's line and headers
    idle_seconds        a connection without a request is kept so long
    body_pause_seconds  between two pieces of a body
    body_seconds        for a whole body
    linger_seconds      for the rest of a body that was answered before it was whole
    stall_seconds       for a client that reads its answer to take anything of it
    """

    connections: int = 4000
    head_seconds: float = 20.0
    head_bytes: int = 65_536
    idle_seconds: float = 75.0
    body_pause_seconds: float = 20.0
    body_seconds: float = 300.0
    linger_seconds: float = 10.0
    stall_seconds: float = 60.0


class BoundedConnection(HttpToolsProtocol):
    """One connection, which is closed where its client exceeds a limit."""

    def __init__(self, *arguments: Any, limits: ClientLimits, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._limits = limits
        self._in_head = False
        self._head_bytes = 0
        self._silence: asyncio.TimerHandle | None = None
        self._linger: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._paused = False
        self._pauses = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Begin, or close at once where there are too many."""
        super().connection_made(cast(asyncio.Transport, JoinedWrites(transport, self.loop)))
        if len(self.connections) > self._limits.connections:
            transport.abort()
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers."""
        for timer in (self._silence, self._linger, self._stall):
            if timer:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what was sent, while it is a head that may still become one."""
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > self._limits.head_bytes:
                self.transport.write(_TOO_LARGE)
                self.transport.close()
                return
        idle = self.cycle is None or self.cycle.response_complete
        # Bytes that begin nothing, as blank lines, have ended uvicorn's own wait for the next request.
        if not self._silence and (self._in_head or (idle and not self.timeout_keep_alive_task)):
            self._await_head()

    def on_message_begin(self) -> None:
        """A request's first byte."""
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head = False
        if self._silence:
            self._silence.cancel()
            self._silence = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is whole."""
        super().on_message_complete()
        self.scope["state"][WHOLE] = True
        if self._linger:
            self._linger.cancel()
            self._linger = None

    def on_response_complete(self) -> None:
        """The answer is written; a body that has not been sent by then is not waited for long."""
        super().on_response_complete()
        if self.cycle.more_body and not self.transport.is_closing():
            self._linger = self.loop.call_later(self._limits.linger_seconds, self.transport.close)

    def pause_writing(self) -> None:
        """The client takes its answer more slowly than it is written."""
        super().pause_writing()
        self._paused = True
        self._pauses += 1
        # Large answers pause each time: one timer sees to all of them, since each costs a hit a few microseconds.
        if not self._stall:
            self._watch_stall(self._pauses, self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """The client has taken most of what was written."""
        super().resume_writing()
        self._paused = False

    def _await_head(self) -> None:
        self._silence = self.loop.call_later(self._limits.head_seconds, self.transport.close)

    def _watch_stall(self, pause: int, waiting: int) -> None:
        self._stall = self.loop.call_later(self._limits.stall_seconds, self._check_stall, pause, waiting)

    def _check_stall(self, pause: int, before: int) -> None:
        self._stall = None
        if not self._paused:
            return
        waiting = self.transport.get_write_buffer_size()
        if pause != self._pauses or waiting < before:
            self._watch_stall(self._pauses, waiting)
        else:
            self.transport.abort()


_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
