"""A transport that sends the head of an answer together with the body behind it: one call of the system for both."""

from __future__ import annotations

import asyncio
from typing import Any

LARGEST_HEAD = 4096
"""The most bytes that are held back for the write behind them, until the event loop's next turn at the latest."""


class JoinedWrites:
    """A transport as it is, but for small writes, which wait for the next one."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []
        # What is asked for with every answer; finding the rest by its name takes longer.
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send, now or with what follows at once."""
        if self._held:
            self._held.append(data)
            self._send()
        elif len(data) <= LARGEST_HEAD:
            self._held.append(data)
            self._loop.call_soon(self._send)
        else:
            self._transport.write(data)

    def get_write_buffer_size(self) -> int:
        """How many bytes have not been sent."""
        return self._transport.get_write_buffer_size() + sum(map(len, self._held))

    def close(self) -> None:
        """Close, after what is held back has been sent."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._held:
            held, self._held = self._held, []
            self._transport.writelines(held)
