"""The routes, and what every answer has in common."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from proxy.errors import ProxyError
from proxy.exposition import exposition
from proxy.gauges import gauges
from proxy.hot_path import HotPath
from proxy.image_endpoint import ImageEndpoint, log_defect
from proxy.models import MODELS, find_model
from proxy.observation import Observation
from proxy.openapi import openapi_document
from proxy.request_id import request_id_of
from proxy.service import Service
from proxy.slow_bodies import BodyDeadline

MODELS_CREATED = 1763596800
"""When the pro model was announced, 2025-11-20, in seconds since 1970: `created` of every model."""

ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"]

PRIVATE = {"cache-control": "private, no-store"}
"""The header of every answer: none is for caches on the way."""


def build_application(service: Service) -> Starlette:
    """The ASGI application of a service, which it announces at the start and closes at the end."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None, None]:
        service.announce()
        await service.cache.probe()
        yield
        await service.close()

    endpoints = _Endpoints(service)
    application = _Application(
        service,
        routes=[
            # Every method, since a wrong one is a request too, and is logged.
            Route("/v1/images/generations", ImageEndpoint(service, "generations").__call__, methods=ALL_METHODS),
            Route("/v1/images/edits", ImageEndpoint(service, "edits").__call__, methods=ALL_METHODS),
            Route("/v1/models", endpoints.models),
            Route("/v1/models/{name}", endpoints.model),
            Route("/openapi.json", endpoints.openapi),
            Route("/healthz", endpoints.health),
            Route("/readyz", endpoints.readiness),
            Route("/metrics", endpoints.metrics),
            Route("/internal/stats", endpoints.stats),
            Route("/internal/upstream-calls", endpoints.upstream_calls),
            *service.own_routes(),
        ],
        middleware=[Middleware(Observation, metrics=service.metrics), Middleware(_Envelope, service=service)],
        exception_handlers={HTTPException: _http_error, ProxyError: _proxy_error},
        lifespan=lifespan,
    )
    # A redirect to the path without its slash would name the client's own Host header.
    application.router.redirect_slashes = False
    return application


class _Application(Starlette):
    """Starlette with the hot path around all its layers."""

    def __init__(self, service: Service, **options: Any) -> None:
        super().__init__(**options)
        self._service = service

    def build_middleware_stack(self) -> ASGIApp:
        """The layers, outermost the hot path and what bounds its wait, too, for a request's body."""
        layers = BodyDeadline(HotPath(super().build_middleware_stack(), self._service), self._service.limits)
        return self._service.tracing.around(layers) if self._service.tracing else layers


class _Endpoints:
    """The endpoints that make no images."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def health(self, _: Request) -> Response:
        """Which software answers; asks nobody."""
        return _private({"status": "ok", **self._service.identity()})

    async def readiness(self, _: Request) -> Response:
        """Whether requests can be served."""
        found = await self._service.readiness()
        return _private(found, 200 if found["ready"] else 503)

    async def metrics(self, request: Request) -> Response:
        """The proxy's figures for Prometheus."""
        service = self._service
        service.metrics.hits.settle()
        moment = gauges(await service.cache.stats(), service.pool.states(), service.pool.rests())
        body, content_type = exposition(
            service.metrics.registry,
            moment,
            names=service.settings.metric_names,
            accept=request.headers.get("accept"),
        )
        return Response(body, headers={"content-type": content_type, **PRIVATE})

    async def models(self, request: Request) -> Response:
        """Every model, in OpenAI's form."""
        self._check_key(request)
        return _private({"object": "list", "data": [_described(name) for name in MODELS]})

    async def model(self, request: Request) -> Response:
        """One model, in OpenAI's form."""
        self._check_key(request)
        return _private(_described(find_model(request.path_params["name"]).id))

    async def openapi(self, _: Request) -> Response:
        """This interface, as an OpenAPI document."""
        return _private(openapi_document())

    async def stats(self, request: Request) -> Response:
        """The proxy's figures and settings."""
        self._check_key(request)
        return _private(await self._service.stats())

    async def upstream_calls(self, request: Request) -> Response:
        """The latest upstream calls, of one request where `request_id` is given."""
        self._check_key(request)
        return _private({"calls": self._service.record.of_request(request.query_params.get("request_id"))})

    def _check_key(self, request: Request) -> None:
        self._service.keys.tenant(request.headers.get("authorization"))


def _private(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer in JSON that no cache on the way may keep."""
    return JSONResponse(content, status, PRIVATE | (headers or {}))


def _described(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": MODELS_CREATED, "owned_by": "google"}


async def _http_error(_: Request, error: Exception) -> Response:
    """What Starlette itself refuses: a path or a method that no route has."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    if error.status_code == 405:
        allow = (error.headers or {}).get("Allow")
        return await _proxy_error(_, ProxyError("method_not_allowed", allow=allow))
    return await _proxy_error(_, ProxyError("unknown_url"))


async def _proxy_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProxyError)  # noqa: S101 - registered for this class
    return _private(error.envelope(), error.kind.status, error.headers())


class _Envelope:
    """Gives every request an id, which its answer names, and turns a defect into an answer."""

    def __init__(self, application: ASGIApp, service: Service) -> None:
        self._application = application
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        given = Request(scope).headers.get("x-request-id", "")
        request_id = request_id_of(given)
        scope.setdefault("state", {})["request_id"] = request_id
        begun = False

        async def send_named(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        try:
            await self._application(scope, receive, send_named)
        except Exception as error:  # a defect of ours must still be answered and logged
            log_defect(self._service.log, error, request_id)
            if not begun:
                answer = await _proxy_error(Request(scope), ProxyError("internal_error"))
                await answer(scope, receive, send_named)
