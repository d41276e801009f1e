"""Calls to the Gemini service over HTTP, bounded in time and size; every failure is one of ours."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache, cached_property
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import certifi
from aiohttp.http_exceptions import ContentEncodingError
from pydantic_core import to_json

from proxy.accounts import Account
from proxy.call_answers import Blame, CallError, Drawing, drawing, refused
from proxy.calls import CallRecord
from proxy.errors import ProxyError
from proxy.gemini import UsageMetadata
from proxy.google_errors import Cause, read_refused_call
from proxy.identity import VERSION

LARGEST_ANSWER = 100_000_000
"""The most bytes of an answer: a 4K PNG in base64 has about 40 MB."""
CONNECT_SECONDS = 10.0
"""How long a connection may take to be made."""
MOST_CONNECTIONS = 256
"""How many calls are under way at one time, at most; further ones wait."""
READ_BYTES = 1_048_576
"""How much of an answer waits in memory before its sender is slowed, in bytes: most answers come whole."""
CANCELLED = "cancelled"
"""Stands for an error's code where nobody waited for a call any more."""


class Upstream:
    """The Gemini service at one base URL."""

    def __init__(self, base_url: str, timeout_seconds: float, record: CallRecord) -> None:
        self._base_url = base_url
        self._timeout_seconds = timeout_seconds
        self._record = record

    async def draw(
        self,
        account: Account,
        model: str,
        sent: dict[str, Any],
        *,
        request_id: str,
        deadline: float,
        after: Cause | None = None,
    ) -> Drawing:
        """One image by one call with one account, until a deadline of the loop's clock; the call is recorded.

        after  why the call before it failed, where this one is a further try
        Raises CallError.
        """
        started = perf_counter()
        status: int | None = None
        finish_reason: str | None = None
        usage: UsageMetadata | None = None
        refused_at: str | None = None
        error_code: str | None = CANCELLED
        try:
            drawn = await self._call(account, model, sent, deadline)
            status, finish_reason, usage, error_code = 200, drawn.finish_reason, drawn.usage, None
        except CallError as failure:
            status, finish_reason, error_code = failure.status, failure.finish_reason, failure.error.kind.code
            if failure.error.refusal:
                refused_at = failure.error.refusal.stage
            else:
                self._record.failures += 1
            raise
        finally:
            self._record.add(
                sent,
                request_id=request_id,
                model=model,
                status=status,
                finish_reason=finish_reason,
                duration_ms=round((perf_counter() - started) * 1000, 3),
                refused=refused_at,
                after=after,
                error_code=error_code,
                usage=usage,
            )
        return drawn

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    @cached_property
    def _session(self) -> aiohttp.ClientSession:
        """The connections, which belong to the event loop that is running when they are first needed."""
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MOST_CONNECTIONS, ssl=_trusted_authorities()),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={
                "content-type": "application/json",
                "accept-encoding": "identity",
                "user-agent": f"image-proxy/{VERSION}",
            },
            read_bufsize=READ_BYTES,
            timeout=aiohttp.ClientTimeout(sock_connect=min(CONNECT_SECONDS, self._timeout_seconds)),
            # A proxy of the environment must not see calls to this machine.
            trust_env=not _is_loopback(self._base_url),
        )

    async def _call(self, account: Account, model: str, sent: dict[str, Any], deadline: float) -> Drawing:
        url = f"{self._base_url}/v1beta/models/{model}:generateContent"
        key = {"x-goog-api-key": account.api_key.get_secret_value()}
        body = to_json(sent)
        with _mapped_errors():
            async with (
                asyncio.timeout_at(deadline),
                self._session.post(url, data=body, headers=key, allow_redirects=False) as response,
            ):
                answer = await _bounded(response)
        if response.status != 200:
            raise refused(read_refused_call(response.status, response.headers.get("retry-after"), answer))
        return await drawing(answer)


@cache
def _trusted_authorities() -> ssl.SSLContext:
    """The authorities that SSL_CERT_FILE names, else those that came with the installation."""
    return ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or certifi.where())


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    chunks: list[bytes] = []
    received = 0
    async for chunk in response.content.iter_any():
        received += len(chunk)
        if received > LARGEST_ANSWER:
            raise CallError(
                ProxyError("invalid_upstream_answer", "The upstream service's answer is too large."),
                Blame.FINAL,
                status=response.status,
            )
        chunks.append(chunk)
    return b"".join(chunks)


@contextmanager
def _mapped_errors() -> Generator[None, None, None]:
    """The one bridge from aiohttp's errors, and the deadline's, to ours; others pass through untouched."""
    try:
        yield
    except TimeoutError as error:
        raise CallError(ProxyError("upstream_timeout"), Blame.FINAL, reason=type(error).__name__) from error
    except aiohttp.ClientPayloadError as error:
        raise CallError(_unread(error), Blame.TRANSIENT, reason=type(error.__cause__ or error).__name__) from error
    except aiohttp.ClientError as error:
        raise CallError(ProxyError("upstream_unreachable"), Blame.TRANSIENT, reason=type(error).__name__) from error


def _unread(error: aiohttp.ClientPayloadError) -> ProxyError:
    """A body that ended too early is a broken connection; one that cannot be decoded is a wrong answer."""
    undecoded = isinstance(error.__cause__, ContentEncodingError)
    return ProxyError("invalid_upstream_answer" if undecoded else "upstream_unreachable")
