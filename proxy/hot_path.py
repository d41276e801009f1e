"""A generation that was asked before, byte for byte, is answered from memory, without the layers of the application."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from proxy.cache.front import CacheState
from proxy.cache.protocol import Entry
from proxy.errors import ProxyError
from proxy.generation import Outcome
from proxy.image_endpoint import log_defect
from proxy.prepared_event import PreparedEvent
from proxy.request_id import request_id_of
from proxy.request_report import SYNTHETIC_HEADER, answer_headers, event_fields, media_type_of
from proxy.requests import ImageRequest
from proxy.service import Service

_SYNTHETIC = SYNTHETIC_HEADER.encode()

ROUTE = "/v1/images/generations"
LARGEST_BODY = 8192
"""The largest body, in bytes, that is remembered."""
MOST_KNOWN = 1024
"""How many requests are remembered; those go first that were asked longest ago."""

Sent = tuple[bytes, bytes, bytes]
"""Authorization, content type and body: what decides, with the settings, which answer a request gets."""


VARYING_FIELDS = ("synthetic", "request_id", "duration_ms")
"""The fields of its event in which a repeated request differs from the one before, in their order."""
VARYING_HEADERS = ("age", "openai-processing-ms")
"""The same of its answer's headers."""

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class _Told:
    """What is told of every request like one."""

    event: PreparedEvent
    headers: Headers


@dataclass(slots=True)
class _Known:
    """What reading a request has given, the cache's key of its answer, and what is told once it is asked again."""

    asked: ImageRequest
    key: str
    told: _Told | None = None


class HotPath:
    """The outermost layer: it answers what it can, tells log, metrics and counters as all others do, and passes on
    the rest untouched.

    The client's key is checked anew each time, and the cache says each time whether the answer may still be served.
    """

    def __init__(self, application: ASGIApp, service: Service) -> None:
        self._application = application
        self._service = service
        self._known: OrderedDict[Sent, _Known] = OrderedDict()
        self._answered: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the application answer."""
        if scope["type"] != "http" or scope["path"] != ROUTE or scope["method"] != "POST":
            await self._application(scope, receive, send)
            return
        started = perf_counter()
        given: list[tuple[bytes, bytes]] = scope["headers"]
        headers = dict(given)
        # What a repeated header means is the application's to say, and so is what the client wants of the cache.
        if len(headers) != len(given) or b"cache-control" in headers:
            await self._application(scope, receive, send)
            return
        authorization, content_type = headers.get(b"authorization", b""), headers.get(b"content-type", b"")
        taken: list[Message] = []
        # Whoever has not been answered before is to be refused, where he is, before his body is read.
        if authorization in self._answered:
            try:
                await _begun(receive, taken)
            except ProxyError as error:
                receive = _failing(error)
            body = _whole_body(taken)
            answer = None if body is None else self._answer((authorization, content_type, body), headers, started)
            if answer is not None:
                for part in answer:
                    await send(part)
                return
        scope.setdefault("state", {})["remember"] = partial(self._remember, authorization, content_type, taken)
        await self._application(scope, _recorded(taken, receive), send)

    def _answer(self, sent: Sent, headers: dict[bytes, bytes], started: float) -> tuple[Message, Message] | None:
        known = self._known.get(sent)
        if known is None:
            return None
        entry = self._service.cache.peek(known.key)
        try:
            self._service.keys.tenant(sent[0].decode("latin-1"))
        except ProxyError:
            entry = None
        if entry is None:
            del self._known[sent]
            return None
        self._known.move_to_end(sent)
        request_id = request_id_of(headers.get(b"x-request-id", b"").decode("latin-1"))
        try:
            return self._told(known, entry, headers, request_id, len(sent[2]), started)
        except Exception as error:  # a defect of ours: the application answers
            log_defect(self._service.log, error, request_id)
            return None

    def _told(
        self, known: _Known, entry: Entry, given: dict[bytes, bytes], request_id: str, received: int, started: float
    ) -> tuple[Message, Message]:
        service, body = self._service, entry.body
        service.cache.count(CacheState.HIT)
        seconds = perf_counter() - started
        synthetic = b"true" if given.get(_SYNTHETIC) == b"true" else b"false"
        identity, milliseconds = request_id.encode(), b"%.3f" % (seconds * 1000)
        asked = known.asked
        known.told = known.told or self._prepared(asked)
        service.log.repeat(known.told.event, synthetic, b'"%b"' % identity, milliseconds)
        service.metrics.hits.add(asked.model.id, asked.shape.image_size, entry.images, seconds, received, len(body))
        headers = [
            *known.told.headers,
            (b"age", b"%d" % service.generation.age_of(entry)),
            (b"openai-processing-ms", b"%.0f" % (seconds * 1000)),
            (b"content-length", b"%d" % len(body)),
            (b"x-request-id", identity),
        ]
        return (
            {"type": "http.response.start", "status": 200, "headers": headers},
            {"type": "http.response.body", "body": body},
        )

    def _remember(
        self, authorization: bytes, content_type: bytes, taken: list[Message], asked: ImageRequest, key: str
    ) -> None:
        """Take up a request whose answer is in the cache, and its client."""
        body = _whole_body(taken)
        if body is None:
            return
        self._known[authorization, content_type, body] = _Known(asked, key)
        self._answered.add(authorization)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        if len(self._answered) > MOST_KNOWN:
            self._answered = {authorization for authorization, _, _ in self._known}

    def _prepared(self, asked: ImageRequest) -> _Told:
        """What is told of a hit, by those who tell it of every request; what is kept has all images."""
        log, outcome = self._service.log, Outcome(CacheState.HIT, images=asked.n, age=0)
        fields = event_fields(
            "generations",
            asked,
            outcome,
            prompt_hash=log.prompt_hash(asked.prompt),
            synthetic=False,
            request_id="",
            duration_ms=0.0,
        )
        event = log.prepare("INFO", "image_request", fields, VARYING_FIELDS)
        told = {**answer_headers(asked, outcome, 0.0), "content-type": media_type_of(asked)}
        headers = [(name.encode(), value.encode()) for name, value in told.items() if name not in VARYING_HEADERS]
        return _Told(event, headers)


async def _begun(receive: Receive, taken: list[Message]) -> None:
    """Take the messages up to the end of the body, or until it is larger than what is remembered."""
    size = 0
    while size <= LARGEST_BODY:
        taken.append(await receive())
        size += len(taken[-1].get("body", b""))
        if not taken[-1].get("more_body"):
            return


def _whole_body(messages: list[Message]) -> bytes | None:
    """The body, where it has ended and is small enough."""
    if not messages or messages[-1]["type"] != "http.request" or messages[-1].get("more_body"):
        return None
    body: bytes = messages[0].get("body", b"")
    if len(messages) > 1:
        body = b"".join([message.get("body", b"") for message in messages])
    return body if len(body) <= LARGEST_BODY else None


def _recorded(taken: list[Message], receive: Receive) -> Receive:
    """The same stream of messages: first those that have been taken, then those that come, which are taken up too."""
    again = iter(tuple(taken))
    size = sum(len(message.get("body", b"")) for message in taken)
    ended = bool(taken) and not taken[-1].get("more_body")

    async def recorded() -> Message:
        nonlocal size, ended
        for message in again:
            return message
        message = await receive()
        size += len(message.get("body", b""))
        if not ended and size <= LARGEST_BODY:
            taken.append(message)
        elif not ended:
            taken.clear()
        ended = ended or not message.get("more_body") or size > LARGEST_BODY
        return message

    return recorded


def _failing(error: ProxyError) -> Receive:
    """What stands for a stream that has failed already."""

    async def failing() -> Message:
        raise error

    return failing
