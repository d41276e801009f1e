"""One HTTP request as a checklist states it, and what it carries to whom."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from checks.check import Context, Model
from checks.form_field import Upload, parts_of
from checks.http_exchange import Unsendable, exchange
from checks.http_response import Response
from checks.transport_security import Tls

if TYPE_CHECKING:
    import ssl

    import httpx

SHARE_OF_TIME = 0.95
"""Share of a check's time that the target gets, so that its silence is told apart from a time-out of the check."""


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
    auth: Literal["bearer", "other", "none", "wrong"] | None = Field(
        default=None,
        description="The target's key, a second client's, no key, or a well-formed wrong one; the key where there is "
        "one.",
    )

    tls: Tls | None = Field(default=None, description="`{ca, certificate, key}`: PEM files. Default: the usual trust.")

    @model_validator(mode="after")
    def _one_body(self) -> Request:
        if self.json_ is not None and self.multipart is not None:
            raise ValueError("a request has one body: `json` or `multipart`")
        return self

    @property
    def verb(self) -> str:
        """The method that is sent."""
        return self.method or ("GET" if self.json_ is None and self.multipart is None else "POST")

    @property
    def only_reads(self) -> bool:
        """Whether the method is one that changes nothing (RFC 9110, 9.2.1)."""
        return self.verb in {"GET", "HEAD", "OPTIONS"}


def send(request: Request, context: Context, within_s: float) -> Response:
    """The answer to `request`, complete, in at most `within_s` seconds.

    Redirects are not followed. The target's key goes to target.url's origin and nowhere else; what goes there is
    labelled `x-synthetic: true` unless the headers say otherwise. Raises NoAnswer, Unsendable, Interrupted.
    """
    return send_together(request, context, within_s, times=1)[0]


def send_together(request: Request, context: Context, within_s: float, times: int) -> list[Response]:
    """The answers to `times` copies of `request` that are under way at once; raises as `send` does, for any of them."""
    begun = time.monotonic()
    prepared, trust = [prepare(request, context) for _ in range(times)], trust_of(request, context)
    left_s = max(0.0, within_s - (time.monotonic() - begun))
    return exchange(prepared, context.stop, left_s, trust)


def trust_of(request: Request, context: Context) -> ssl.SSLContext | None:
    """The request's own TLS settings, None for the usual; raises Unsendable where its files cannot be used."""
    try:
        return None if request.tls is None else request.tls.trust(context)
    except OSError as problem:
        raise Unsendable(f"the files of `tls` cannot be used: {problem.strerror or problem}") from problem


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


def prepare(request: Request, context: Context) -> httpx.Request:
    """The request as it is sent, with the key and the label that `send` tells of; raises Unsendable."""
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
            files=None if request.multipart is None else parts_of(request.multipart, context),
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
    if request.auth == "other":
        return {"authorization": f"Bearer {_other_key(context)}"}
    if request.auth == "bearer" and not key:
        raise Unsendable("auth: bearer needs target.api_key, which is not set")
    if request.auth == "none" or not key or "authorization" in {name.lower() for name in request.headers}:
        return {}
    return {"authorization": f"Bearer {key}"}


def _other_key(context: Context) -> str:
    """The second client's key; raises Unsendable where there is none, or it is the first client's."""
    key = context.target.other_api_key
    if not key:
        raise Unsendable("auth: other needs target.other_api_key, a second client's key, which is not set")
    if key == context.target.api_key:
        raise Unsendable("target.other_api_key is the same key as target.api_key; two clients have two keys")
    return key


def _keep_key(request: Request, context: Context) -> None:
    """Refuse what would carry a key of the target to another host."""
    if request.auth in {"bearer", "other", "wrong"}:
        raise Unsendable(f"auth: {request.auth} is for target.url alone, and {request.url} is elsewhere")
    sent = repr((request.url, dict(request.headers), request.json_, request.multipart))
    if any(key and key in sent for key in (context.target.api_key, context.target.other_api_key)):
        raise Unsendable(
            f"the request to {origin(request.url)[1]} holds the target's key, which goes to target.url alone"
        )
