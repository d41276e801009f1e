"""Work goes on only while its client waits: until its own time-out, and until it leaves."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Coroutine, Mapping
from typing import Any, TypeVar

from starlette.types import Receive

from proxy.errors import ProxyError

Result = TypeVar("Result")

TIMEOUT_HEADERS = ("x-stainless-read-timeout", "x-stainless-timeout")
"""Where OpenAI's clients for Python and for Node say how many seconds they wait."""

_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")


def patience_of(headers: Mapping[str, str]) -> float | None:
    """How many seconds the client says that it waits; None where it does not say, or says what cannot be."""
    for name in TIMEOUT_HEADERS:
        text = headers.get(name, "")
        if _SECONDS.fullmatch(text) and float(text) > 0:
            return float(text)
    return None


async def departure(receive: Receive) -> None:
    """Return when the client has left; only once its body has been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def while_wanted(
    work: Coroutine[Any, Any, Result], *, seconds: float | None, left: Awaitable[None] | None
) -> Result:
    """The work's result; the work is cancelled when `left` returns, or when the time is over.

    Raises ProxyError client_closed_request and upstream_timeout for these two, else what the work raises.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(left or asyncio.Event().wait())
    try:
        done, _ = await asyncio.wait((working, leaving), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if working in done:
            return working.result()
        raise ProxyError("client_closed_request" if leaving in done else "upstream_timeout")
    finally:
        leaving.cancel()
        if not working.done():
            working.cancel()
            await asyncio.gather(working, leaving, return_exceptions=True)
