"""Requests on the wire: sent, and their answers read to the end, bounded in size and time.

NoAnswer     the target did not answer, or not in HTTP: a finding about the target
Unsendable   the request cannot be made from here: a defect of the checklist or of a file that it names
Interrupted  the run was stopped meanwhile
"""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

from checks.http_response import Response
from checks.transport_security import connection_facts

if TYPE_CHECKING:
    import httpx

MAX_RESPONSE_BYTES = 64 << 20
"""Longest body that is read, after decoding; a longer one is a finding."""
_STOP_POLL_S = 0.02


class NoAnswer(Exception):  # noqa: N818 - a finding about the target, not a defect of ours
    """The target refused, reset, stayed silent, or did not speak HTTP."""


class Unsendable(Exception):  # noqa: N818 - named for what the request is
    """The request cannot be made as it is stated."""


class Interrupted(Exception):  # noqa: N818 - named for what happened
    """The run was stopped before the answer was complete."""


def exchange(
    requests: Sequence[httpx.Request], stop: threading.Event, within_s: float, trust: ssl.SSLContext | None = None
) -> list[Response]:
    """The answers to all of `requests`, under way at once, each in at most `within_s` seconds.

    Redirects are not followed; no proxy and no credentials are taken from the environment. The event loop has a thread
    of its own, so that the caller may have a loop running. Without `trust`, the usual authorities are. Raises NoAnswer,
    Unsendable or Interrupted for the first request that comes to it.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="http exchange") as thread:
        return thread.submit(asyncio.run, _exchange(requests, stop, within_s, trust)).result()


@cache
def _trust() -> ssl.SSLContext:
    """The usual authorities: reading them takes longer than most answers, and a client without any reads them too."""
    import httpx

    return httpx.create_ssl_context()


async def _exchange(
    requests: Sequence[httpx.Request], stop: threading.Event, within_s: float, trust: ssl.SSLContext | None
) -> list[Response]:
    async with client_for(keep=0, trust=trust) as client:
        exchanges = asyncio.gather(*(answer_to(client, request, within_s) for request in requests))
        exchanges.add_done_callback(_seen)
        try:
            while not exchanges.done():
                if stop.is_set():
                    raise Interrupted("stopped before the answer was complete")
                await asyncio.wait([exchanges], timeout=_STOP_POLL_S)
            return exchanges.result()
        finally:
            exchanges.cancel()


def _seen(exchanges: asyncio.Future[list[Response]]) -> None:
    """Look at how it ended, or the event loop would print what nobody asks for once a run was stopped."""
    if not exchanges.cancelled():
        exchanges.exception()


def client_for(keep: int, trust: ssl.SSLContext | None = None) -> httpx.AsyncClient:
    """A client that keeps so many connections open between requests."""
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=keep)
    transport = httpx.AsyncHTTPTransport(verify=trust or _trust(), limits=limits, trust_env=False)
    return httpx.AsyncClient(transport=transport, timeout=None, trust_env=False)  # noqa: S113 - timed as a whole


async def answer_to(client: httpx.AsyncClient, request: httpx.Request, within_s: float) -> Response:
    """The answer to one request, complete; raises NoAnswer or Unsendable."""
    import httpx

    subject = f"{request.method} {request.url}"
    try:
        async with asyncio.timeout(within_s):
            return await _read(client, request)
    except TimeoutError as problem:
        raise NoAnswer(f"{subject}: no answer within {within_s:.2g} s") from problem
    except (httpx.LocalProtocolError, httpx.InvalidURL, httpx.UnsupportedProtocol) as problem:
        raise Unsendable(f"{subject} cannot be sent: {problem}") from problem
    except httpx.ConnectError as problem:
        raise NoAnswer(f"{subject}: no connection: {_cause(problem)}") from problem
    except httpx.RemoteProtocolError as problem:
        raise NoAnswer(f"{subject}: the answer is not valid HTTP, or was cut short: {_cause(problem)}") from problem
    except httpx.DecodingError as problem:
        raise NoAnswer(f"{subject}: the answer cannot be decoded: {_cause(problem)}") from problem
    except (httpx.TransportError, ssl.SSLError) as problem:
        raise NoAnswer(f"{subject}: the connection broke: {_cause(problem)}") from problem


async def _read(client: httpx.AsyncClient, request: httpx.Request) -> Response:
    started = time.perf_counter()
    answer = await client.send(request, stream=True)
    try:
        secured = connection_facts(answer)
        content = bytearray()
        async for chunk in answer.aiter_bytes():
            content += chunk
            if len(content) > MAX_RESPONSE_BYTES:
                raise NoAnswer(
                    f"{request.method} {request.url}: the answer is longer than {MAX_RESPONSE_BYTES >> 20} MiB"
                )
        latency_s = time.perf_counter() - started
    finally:
        await answer.aclose()
    return Response(answer.status_code, dict(answer.headers), bytes(content), latency_s, secured)


def _cause(problem: BaseException) -> str:
    """The innermost cause, in the words of the system; httpx and httpcore wrap it once each."""
    while (inner := problem.__cause__ or problem.__context__) is not None and not isinstance(
        inner, asyncio.CancelledError
    ):
        problem = inner
    return str(problem) or type(problem).__name__
