"""One HTTP request as a checklist states it, and the sending of it: bounded in size and time, never following.

NoAnswer     the target did not answer, or not in HTTP: a finding about the target
Unsendable   the request cannot be made from here: a defect of the checklist or of a file it names
Interrupted  the run was stopped meanwhile
"""

from __future__ import annotations

import asyncio
import io
import secrets
import threading
import time
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from checks.check import Context, Model
from checks.http_response import Response

if TYPE_CHECKING:
    import ssl

    import httpx

MAX_RESPONSE_BYTES = 64 << 20
"""Longest body that is read, after decoding; a longer one is a finding."""
MAX_UPLOAD_BYTES = 64 << 20
"""Largest file that a multipart field sends."""
SHARE_OF_TIME = 0.95
"""Share of a check's time that the target gets, so that its silence is told apart from a time-out of the check."""
_STOP_POLL_S = 0.02


class NoAnswer(Exception):  # noqa: N818 - a finding about the target, not a defect of ours
    """The target refused, reset, stayed silent, or did not speak HTTP."""


class Unsendable(Exception):  # noqa: N818 - named for what the request is
    """The request cannot be made as it is stated."""


class Interrupted(Exception):  # noqa: N818 - named for what happened
    """The run was stopped before the answer was complete."""


class Picture(Model):
    """A small PNG made for the request; equal values give equal bytes."""

    width: int = Field(ge=1, le=2048)
    height: int = Field(ge=1, le=2048)
    seed: int = Field(default=0, ge=0, le=255, description="Another seed, another picture of the same size.")


class Upload(Model):
    """What a multipart field holds when it is not text: a file, or a picture made on the spot."""

    file: str | None = Field(default=None, description="Path, relative to the checklist's folder.")
    png: Picture | None = Field(default=None, description="`{width, height, seed}`")

    @model_validator(mode="after")
    def _one_source(self) -> Upload:
        if (self.file is None) == (self.png is None):
            raise ValueError("a multipart field takes text, or `file: PATH`, or `png: {width, height}`")
        return self


def _url(text: str) -> str:
    if text.startswith(("/", "http://", "https://", "${")):
        return text
    raise ValueError(f"{text!r} is no URL: give a path below target.url (`/healthz`) or http(s)://…")


class Request(Model):
    """The fields of one request; the kinds `http` and `sequence` share them."""

    url: Annotated[str, AfterValidator(_url)] = Field(description="A path below target.url, or an absolute URL.")
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] | None = Field(
        default=None, description="GET; POST where there is a body."
    )
    headers: Mapping[str, str] = Field(default_factory=dict, description="Sent as they stand.")
    json_: Any = Field(default=None, alias="json", description="The body, as JSON.")
    multipart: Mapping[str, str | Upload] | None = Field(default=None, description="The body, as form fields.")
    auth: Literal["bearer", "none", "wrong"] | None = Field(
        default=None, description="The target's key, no key, or a well-formed wrong one; the key where there is one."
    )

    @model_validator(mode="after")
    def _one_body(self) -> Request:
        if self.json_ is not None and self.multipart is not None:
            raise ValueError("a request has one body: `json` or `multipart`")
        return self

    @property
    def verb(self) -> str:
        """The method that is sent."""
        return self.method or ("GET" if self.json_ is None and self.multipart is None else "POST")


def send(request: Request, context: Context, within_s: float) -> Response:
    """The answer to `request`, complete, in at most `within_s` seconds.

    Redirects are not followed. The target's key goes to target.url's origin and nowhere else; what goes there is
    labelled `x-synthetic: true` unless the headers say otherwise. Raises NoAnswer, Unsendable, Interrupted.
    """
    return send_together(request, context, within_s, times=1)[0]


def send_together(request: Request, context: Context, within_s: float, times: int) -> list[Response]:
    """The answers to `times` copies of `request` that are under way at once; raises as `send` does, for any of them."""
    prepared = [_prepare(request, context) for _ in range(times)]
    return asyncio.run(_exchange(prepared, context.stop, within_s))


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL; raises Unsendable where it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        host = parts.hostname
    except (ValueError, KeyError):
        host = None
    if not host:
        raise Unsendable(f"{url!r} is no http(s) URL")
    return parts.scheme, host, port


def _prepare(request: Request, context: Context) -> httpx.Request:
    import httpx

    url = _absolute(request.url, context)
    headers = httpx.Headers({"user-agent": "signoff"})
    try:
        headers.update(dict(request.headers))
        if _is_target(url, context):
            headers.setdefault("x-synthetic", "true")
            headers.update(_authorization(request, context))
        else:
            _keep_key(request, context)
        return httpx.Request(
            request.verb,
            url,
            headers=headers,
            json=request.json_,
            files=None if request.multipart is None else _parts(request.multipart, context),
        )
    except (httpx.InvalidURL, UnicodeEncodeError, ValueError, TypeError) as problem:
        raise Unsendable(f"{request.verb} {url} cannot be sent: {problem}") from problem


def _absolute(url: str, context: Context) -> str:
    if not url.startswith("/"):
        return url
    if not context.target.url:
        raise Unsendable(f"{url} is a path below target.url, which is not set")
    return context.target.url.rstrip("/") + url


def _is_target(url: str, context: Context) -> bool:
    return context.target.url is not None and origin(url) == origin(context.target.url)


def _authorization(request: Request, context: Context) -> dict[str, str]:
    key = context.target.api_key
    if request.auth == "wrong":
        return {"authorization": f"Bearer sk-{secrets.token_hex(24)}"}
    if request.auth == "bearer" and not key:
        raise Unsendable("auth: bearer needs target.api_key, which is not set")
    if request.auth == "none" or not key or "authorization" in {name.lower() for name in request.headers}:
        return {}
    return {"authorization": f"Bearer {key}"}


def _keep_key(request: Request, context: Context) -> None:
    """Refuse what would carry the target's key to another host."""
    if request.auth in {"bearer", "wrong"}:
        raise Unsendable(f"auth: {request.auth} is for target.url alone, and {request.url} is elsewhere")
    key = context.target.api_key
    if key and key in repr((request.url, dict(request.headers), request.json_, request.multipart)):
        raise Unsendable(
            f"the request to {origin(request.url)[1]} holds the target's key, which goes to target.url alone"
        )


def _parts(fields: Mapping[str, str | Upload], context: Context) -> list[tuple[str, tuple[str | None, str | bytes]]]:
    parts: list[tuple[str, tuple[str | None, str | bytes]]] = []
    for name, value in fields.items():
        if isinstance(value, str):
            parts.append((name, (None, value)))
        elif value.png is not None:
            parts.append((name, ("picture.png", _png(value.png))))
        elif value.file is not None:
            parts.append((name, _file(value.file, context)))
    return parts


def _file(path: str, context: Context) -> tuple[str, bytes]:
    try:
        with context.path(path).open("rb") as stream:
            content = stream.read(MAX_UPLOAD_BYTES + 1)
    except OSError as problem:
        raise Unsendable(f"{path} cannot be read: {problem.strerror}") from problem
    if len(content) > MAX_UPLOAD_BYTES:
        raise Unsendable(f"{path} is larger than {MAX_UPLOAD_BYTES >> 20} MiB")
    return context.path(path).name, content


def _png(picture: Picture) -> bytes:
    from PIL import Image

    gradient = Image.linear_gradient("L").resize((picture.width, picture.height))
    image = Image.merge("RGB", (gradient, gradient.rotate(180), gradient.point(lambda level: level ^ picture.seed)))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@cache
def _trust() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()


async def _exchange(requests: list[httpx.Request], stop: threading.Event, within_s: float) -> list[Response]:
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    verify = _trust() if any(request.url.scheme == "https" for request in requests) else True
    transport = httpx.AsyncHTTPTransport(verify=verify, limits=limits, trust_env=False)
    async with httpx.AsyncClient(transport=transport, timeout=None, trust_env=False) as client:  # noqa: S113 - timed as a whole
        exchanges = asyncio.gather(*(_one(client, request, within_s) for request in requests))
        try:
            while not exchanges.done():
                if stop.is_set():
                    raise Interrupted("stopped before the answer was complete")
                await asyncio.wait([exchanges], timeout=_STOP_POLL_S)
            return exchanges.result()
        finally:
            exchanges.cancel()


async def _one(client: httpx.AsyncClient, request: httpx.Request, within_s: float) -> Response:
    import httpx

    subject = f"{request.method} {request.url}"
    try:
        async with asyncio.timeout(within_s):
            return await _read(client, request)
    except TimeoutError as problem:
        raise NoAnswer(f"{subject}: no answer within {within_s:.3g} s") from problem
    except (httpx.LocalProtocolError, httpx.InvalidURL, httpx.UnsupportedProtocol) as problem:
        raise Unsendable(f"{subject} cannot be sent: {problem}") from problem
    except httpx.ConnectError as problem:
        raise NoAnswer(f"{subject}: no connection: {_cause(problem)}") from problem
    except httpx.RemoteProtocolError as problem:
        raise NoAnswer(f"{subject}: the answer is not valid HTTP, or was cut short: {_cause(problem)}") from problem
    except httpx.DecodingError as problem:
        raise NoAnswer(f"{subject}: the answer cannot be decoded: {_cause(problem)}") from problem
    except httpx.TransportError as problem:
        raise NoAnswer(f"{subject}: the connection broke: {_cause(problem)}") from problem


async def _read(client: httpx.AsyncClient, request: httpx.Request) -> Response:
    started = time.perf_counter()
    answer = await client.send(request, stream=True)
    try:
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
    return Response(answer.status_code, dict(answer.headers), bytes(content), latency_s)


def _cause(problem: BaseException) -> str:
    """The innermost cause, in the words of the system; httpx and httpcore wrap it once each."""
    while (inner := problem.__cause__ or problem.__context__) is not None and not isinstance(
        inner, asyncio.CancelledError
    ):
        problem = inner
    return str(problem) or type(problem).__name__
