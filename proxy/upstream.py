"""Calls to the Gemini service over HTTP, bounded in time and size; every failure is one of ours."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import math
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import cache
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import httpx

from proxy.accounts import Account
from proxy.calls import CallRecord
from proxy.errors import ProxyError, Refusal
from proxy.gemini import Answer, UsageMetadata, read_answer
from proxy.google_errors import ACCOUNT_CAUSES, QUOTA_CAUSES, Cause, RefusedCall, read_refused_call
from proxy.images import Picture, PictureError, read_drawn
from proxy.safety import REFUSALS

LARGEST_ANSWER = 100_000_000
"""The most bytes of an answer: a 4K PNG in base64 has about 40 MB."""
CONNECT_SECONDS = 10.0
"""How long a connection may take to be made."""
CANCELLED = "cancelled"
"""Stands for an error's code where nobody waited for a call any more."""

_GOOD_FINISHES = frozenset({None, "STOP", "MAX_TOKENS"})
"""The reasons beside which an image counts: a reason that nobody knows yet may well mean that there should be none."""
_FINAL_FINISHES = frozenset({"STOP", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"})
"""The reasons without an image after which another try makes no sense; any other passes."""
_RETRIED_STATUSES = frozenset({408, 409, 500, 502, 503, 504})


class Blame(Enum):
    """What a failed call says: whether a further attempt makes sense, and with which account."""

    QUOTA = "quota"
    ACCOUNT = "account"
    TRANSIENT = "transient"
    FINAL = "final"


class CallError(Exception):
    """A call that brought no image: the error for the client, and whose fault it is.

    status         the HTTP status; None where no answer came
    finish_reason  why the model ended, where it said
    reason         a short word for the log
    cause          what is at fault, as the service tells it
    retry_after    the seconds that the upstream service asks to wait
    """

    def __init__(
        self,
        error: ProxyError,
        blame: Blame,
        *,
        status: int | None = None,
        finish_reason: str | None = None,
        reason: str = "",
        cause: Cause = Cause.OTHER,
        retry_after: float | None = None,
    ) -> None:
        self.error = error
        self.blame = blame
        self.status = status
        self.finish_reason = finish_reason
        self.reason = reason or error.kind.code
        self.cause = cause
        self.retry_after = retry_after
        super().__init__(self.reason)


@dataclass(frozen=True, slots=True)
class Drawing:
    """An image as it was received, with the tokens that it took and why the model ended."""

    picture: Picture
    usage: UsageMetadata | None
    finish_reason: str | None


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
            drawing = await self._call(account, model, sent, deadline)
            status, finish_reason, usage, error_code = 200, drawing.finish_reason, drawing.usage, None
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
        return drawing

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
            raise _refused(read_refused_call(response.status_code, response.headers.get("retry-after"), answer))
        return await _drawing(answer)


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


def _refused(call: RefusedCall) -> CallError:
    """What an answer with another status than 200 means. Its text is never passed on: it may quote the prompt."""
    error = ProxyError("upstream_error", f"The upstream service answered with status {call.status}.")
    blame = Blame.TRANSIENT if call.status in _RETRIED_STATUSES else Blame.FINAL
    if call.cause is Cause.CAPACITY:
        blame = Blame.TRANSIENT
        error.retry_after = None if call.retry_after is None else math.ceil(call.retry_after)
    elif call.cause in QUOTA_CAUSES:
        blame = Blame.QUOTA
    elif call.cause in ACCOUNT_CAUSES:
        blame = Blame.ACCOUNT
    elif call.status == 400:
        error = ProxyError("invalid_value", "The upstream service does not accept the request as it is.")
    elif call.status == 404:
        error = ProxyError("model_not_found", "The upstream service does not have this model.", param="model")
    return CallError(
        error, blame, status=call.status, reason=call.reason, cause=call.cause, retry_after=call.retry_after
    )


async def _drawing(body: bytes) -> Drawing:
    """The image of an answer with status 200, which may also be a refusal or bring none."""
    try:
        answer = read_answer(body)
    except ProxyError as error:
        raise CallError(error, Blame.TRANSIENT, status=200) from error
    _raise_for_refusal(answer)
    if not answer.image or answer.finish_reason not in _GOOD_FINISHES:
        blame = Blame.FINAL if answer.finish_reason in _FINAL_FINISHES else Blame.TRANSIENT
        raise CallError(ProxyError("no_image"), blame, status=200, finish_reason=answer.finish_reason)
    try:
        picture = await asyncio.to_thread(read_drawn, answer.image)
    except PictureError as error:
        told = ProxyError("invalid_upstream_answer", f"The upstream service's image {error}")
        raise CallError(told, Blame.TRANSIENT, status=200, finish_reason=answer.finish_reason) from error
    return Drawing(picture, answer.usage, answer.finish_reason)


def _raise_for_refusal(answer: Answer) -> None:
    """A prompt that was blocked, or a candidate that was: with or without an image beside the reason."""
    reason = answer.block_reason or answer.finish_reason
    if answer.block_reason or answer.finish_reason in REFUSALS:
        refusal = Refusal("input" if answer.block_reason else "output", answer.blocked_categories)
        raise CallError(
            ProxyError("moderation_blocked", param="prompt", refusal=refusal),
            Blame.FINAL,
            status=200,
            finish_reason=reason,
            reason=str(reason),
        )
    if answer.finish_reason == "LANGUAGE":
        message = "The model does not understand the language of the prompt."
        raise CallError(
            ProxyError("invalid_value", message, param="prompt"), Blame.FINAL, status=200, finish_reason=reason
        )
