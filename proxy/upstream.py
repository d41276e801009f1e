"""Calls to the Gemini service over HTTP, bounded in time and size; every failure is one of ours."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import httpx

from proxy.accounts import Account
from proxy.call_answers import Blame, CallError, Drawing, drawing, refused
from proxy.calls import CallRecord
from proxy.errors import ProxyError
from proxy.gemini import UsageMetadata
from proxy.google_errors import read_refused_call

LARGEST_ANSWER = 100_000_000
"""The most bytes of an answer: a 4K PNG in base64 has about 40 MB."""
CONNECT_SECONDS = 10.0
"""How long a connection may take to be made."""
CANCELLED = "cancelled"
"""Stands for an error's code where nobody waited for a call any more."""


class Upstream:
    """The Gemini service at one base URL."""

    def __init__(self, base_url: str, timeout_seconds: float, record: CallRecord) -> None:
        self._base_url = base_url
        self._record = record
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout_seconds, connect=min(CONNECT_SECONDS, timeout_seconds)),
            limits=httpx.Limits(max_connections=256, max_keepalive_connections=32),
            verify=_trusted_authorities(),
            # A proxy of the environment must not see calls to this machine.
            trust_env=not _is_loopback(base_url),
        )

    async def draw(
        self, account: Account, model: str, sent: dict[str, Any], *, request_id: str, deadline: float
    ) -> Drawing:
        """One image by one call with one account, until a deadline of the loop's clock; the call is recorded.

        Raises CallError.
        """
        started = perf_counter()
        status: int | None = None
        finish_reason: str | None = None
        usage: UsageMetadata | None = None
        error_code: str | None = CANCELLED
        try:
            drawn = await self._call(account, model, sent, deadline)
            status, finish_reason, usage, error_code = 200, drawn.finish_reason, drawn.usage, None
        except CallError as failure:
            status, finish_reason, error_code = failure.status, failure.finish_reason, failure.error.kind.code
            if failure.error.kind.code != "moderation_blocked":
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
                error_code=error_code,
                usage=usage,
            )
        return drawn

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _call(self, account: Account, model: str, sent: dict[str, Any], deadline: float) -> Drawing:
        url = f"{self._base_url}/v1beta/models/{model}:generateContent"
        headers = {
            "x-goog-api-key": account.api_key.get_secret_value(),
            "content-type": "application/json",
            "accept-encoding": "identity",
        }
        body = json.dumps(sent, ensure_ascii=False).encode()
        with _mapped_errors():
            async with (
                asyncio.timeout_at(deadline),
                self._client.stream("POST", url, content=body, headers=headers) as response,
            ):
                answer = await _bounded(response)
        if response.status_code != 200:
            raise refused(read_refused_call(response.status_code, response.headers.get("retry-after"), answer))
        return await drawing(answer)


@cache
def _trusted_authorities() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _bounded(response: httpx.Response) -> bytes:
    chunks: list[bytes] = []
    received = 0
    async for chunk in response.aiter_bytes():
        received += len(chunk)
        if received > LARGEST_ANSWER:
            raise CallError(
                ProxyError("invalid_upstream_answer", "The upstream service's answer is too large."),
                Blame.FINAL,
                status=response.status_code,
            )
        chunks.append(chunk)
    return b"".join(chunks)


@contextmanager
def _mapped_errors() -> Generator[None, None, None]:
    """The one bridge from httpx's errors, and the deadline's, to ours; others pass through untouched."""
    try:
        yield
    except (httpx.TimeoutException, TimeoutError) as error:
        raise CallError(ProxyError("upstream_timeout"), Blame.FINAL, reason=type(error).__name__) from error
    except httpx.DecodingError as error:
        raise CallError(ProxyError("invalid_upstream_answer"), Blame.TRANSIENT) from error
    except httpx.TransportError as error:
        raise CallError(ProxyError("upstream_unreachable"), Blame.TRANSIENT, reason=type(error).__name__) from error
