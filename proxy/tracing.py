"""Traces by OpenTelemetry, for those who have a collector; loaded only where one is named, from the extra `otlp`.

One span a request to the image endpoints, and one a call to the upstream service below it, by the GenAI conventions.
They hold no prompt, no key and no picture. A request's `traceparent` is taken up.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from proxy.calls import UpstreamCall
from proxy.gemini import UsageMetadata
from proxy.identity import VERSION
from proxy.metrics import is_image_route
from proxy.observation import CLIENT_LEFT

EXPORT_SECONDS = 5
"""How long a collector may take for one batch, also at the stop."""


def exported_to(endpoint: str) -> SpanProcessor:
    """What sends spans to a collector's URL, in batches, by a thread of its own."""
    return BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_SECONDS))


class Tracing:
    """The spans of one process, which go to a processor."""

    def __init__(self, instance: str, processor: SpanProcessor) -> None:
        resource = Resource.create(
            {"service.name": "image-proxy", "service.version": VERSION, "service.instance.id": instance}
        )
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("proxy", VERSION)

    def around(self, application: ASGIApp) -> ASGIApp:
        """The application, with a span for each request to an image endpoint."""

        async def traced(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or not is_image_route(scope["path"]):
                await application(scope, receive, send)
                return
            await self._traced(application, scope, receive, send)

        return traced

    def observe_call(self, call: UpstreamCall, error_code: str | None, usage: UsageMetadata | None) -> None:
        """A call that ended, as a span below that of its request, whose context it is made in."""
        ended = time.time_ns()
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": "generate_content",
            "gen_ai.provider.name": "gcp.gemini",
            "gen_ai.output.type": "image",
            "gen_ai.request.model": call.model,
        }
        if call.status is not None:
            attributes["http.response.status_code"] = call.status
        if call.finish_reason is not None:
            attributes["gen_ai.response.finish_reasons"] = [call.finish_reason]
        if usage:
            attributes["gen_ai.usage.input_tokens"] = usage.prompt_token_count
            attributes["gen_ai.usage.output_tokens"] = usage.candidates_token_count + usage.thoughts_token_count
        if error_code:
            attributes["error.type"] = error_code
        span = self._tracer.start_span(
            f"generate_content {call.model}",
            kind=SpanKind.CLIENT,
            attributes=attributes,
            start_time=ended - round(call.duration_ms * 1_000_000),
        )
        if error_code:
            span.set_status(StatusCode.ERROR)
        span.end(ended)

    async def close(self) -> None:
        """Send what is left, and end."""
        await asyncio.to_thread(self._end)

    async def _traced(self, application: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        status = CLIENT_LEFT

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        attributes = {"http.request.method": scope["method"], "http.route": scope["path"], "url.path": scope["path"]}
        with self._tracer.start_as_current_span(
            f"{scope['method']} {scope['path']}",
            context=propagate.extract(headers),
            kind=SpanKind.SERVER,
            attributes=attributes,
        ) as span:
            await application(scope, receive, send_noted)
            _conclude(span, status)

    def _end(self) -> None:
        self._provider.force_flush(EXPORT_SECONDS * 1000)
        self._provider.shutdown()


def _conclude(span: trace.Span, status: int) -> None:
    span.set_attribute("http.response.status_code", status)
    if status >= 500:
        span.set_attribute("error.type", str(status))
        span.set_status(StatusCode.ERROR)
