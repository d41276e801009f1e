"""Counts every request, whatever answers it: route, status, time, bytes."""

from __future__ import annotations

from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from proxy.metrics import OTHER, Metrics, is_image_route

PLAIN_ROUTES = frozenset(
    {
        *("/v1/images/generations", "/v1/images/edits", "/v1/models"),
        *("/healthz", "/readyz", "/metrics", "/openapi.json", "/internal/stats", "/internal/upstream-calls"),
    }
)
CLIENT_LEFT = 499
"""The status of a request whose client left before its answer began; nginx's."""


def route_of(path: str) -> str:
    """The route's template that stands for a path in labels; `other` for paths that no route has.

    >>> route_of("/v1/models/gemini-3-pro-image")
    '/v1/models/{name}'
    """
    if path in PLAIN_ROUTES:
        return path
    return "/v1/models/{name}" if path.startswith("/v1/models/") else OTHER


class Observation:
    """The layer around the application that tells the metrics of every request."""

    def __init__(self, application: ASGIApp, metrics: Metrics) -> None:
        self._application = application
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        started = perf_counter()
        route = route_of(scope["path"])
        status = CLIENT_LEFT
        received = sent = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message

        async def send_counted(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                sent += len(message.get("body", b""))
            await send(message)

        self._metrics.began(route)
        try:
            await self._application(scope, receive_counted, send_counted)
        finally:
            self._metrics.ended(route, scope["method"], status, perf_counter() - started)
            if is_image_route(route):
                self._metrics.carried(received, sent)
