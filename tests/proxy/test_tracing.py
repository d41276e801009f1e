"""Traces: one span a request, its calls below it, nothing private in them; and none unless they are asked for."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import respx
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from proxy import tracing
from proxy.errors import StartError
from proxy.service import Service
from proxy.settings import read_settings
from tests.proxy.conftest import RunningProxy, ended, refused

ENDPOINT = "http://127.0.0.1:9/v1/traces"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What takes the spans instead of a collector."""
    exporter = InMemorySpanExporter()
    monkeypatch.setattr(tracing, "exported_to", lambda _: SimpleSpanProcessor(exporter))
    return exporter


@pytest.fixture
def traced(spans: InMemorySpanExporter, start_proxy: Callable[..., RunningProxy]) -> RunningProxy:
    """A proxy that traces."""
    assert spans is not None
    return start_proxy(IMAGE_PROXY_OTLP_ENDPOINT=ENDPOINT)


def _by_name(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in spans.get_finished_spans()}


def _attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_call_is_below_its_request_and_both_below_the_clients_trace(
    traced: RunningProxy, spans: InMemorySpanExporter, upstream: respx.Route
) -> None:
    assert upstream is not None
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    traced.generate({"prompt": "a secret castle"}, headers={"traceparent": parent})

    found = _by_name(spans)
    request, call = found["POST /v1/images/generations"], found["generate_content gemini-3-pro-image"]
    assert request.parent is not None
    assert f"{request.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert call.parent is not None
    assert call.parent.span_id == request.context.span_id
    assert _attributes(request)["http.response.status_code"] == 200
    told = _attributes(call)
    assert (told["gen_ai.provider.name"], told["gen_ai.request.model"]) == ("gcp.gemini", "gemini-3-pro-image")
    assert told["gen_ai.response.finish_reasons"] == ("STOP",)
    assert request.start_time is not None
    assert call.start_time is not None
    assert request.start_time <= call.start_time


def test_hit_has_a_span_and_no_call(traced: RunningProxy, spans: InMemorySpanExporter, upstream: respx.Route) -> None:
    assert upstream is not None
    for _ in range(3):
        traced.generate()

    assert [span.name for span in spans.get_finished_spans()].count("POST /v1/images/generations") == 3
    assert [span.name for span in spans.get_finished_spans()].count("generate_content gemini-3-pro-image") == 1


@pytest.mark.parametrize(
    ("answer", "error"), [(ended("SAFETY"), "moderation_blocked"), (refused(503), "upstream_error")]
)
def test_failed_call_names_its_error(
    answer: Any, error: str, traced: RunningProxy, spans: InMemorySpanExporter, upstream: respx.Route
) -> None:
    upstream.mock(side_effect=lambda _: answer)
    traced.generate()

    calls = [span for span in spans.get_finished_spans() if span.name.startswith("generate_content")]
    assert {_attributes(call)["error.type"] for call in calls} == {error}


def test_nothing_private_is_in_a_span(traced: RunningProxy, spans: InMemorySpanExporter, upstream: respx.Route) -> None:
    assert upstream is not None
    traced.generate({"prompt": "a secret castle"})
    traced.send("GET", "/healthz")

    text = "".join(span.to_json() for span in spans.get_finished_spans())
    assert "castle" not in text
    assert traced.key not in text
    assert "healthz" not in text


def test_without_an_endpoint_nothing_is_traced(proxy: RunningProxy) -> None:
    assert proxy.service.tracing is None


def test_without_the_libraries_the_start_says_what_to_install(home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "proxy.tracing", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    settings = read_settings({"IMAGE_PROXY_HOME": str(home.path), "IMAGE_PROXY_OTLP_ENDPOINT": ENDPOINT})

    with pytest.raises(StartError, match=r"install signoff\[otlp\]"):
        Service(settings)


class _Collector(BaseHTTPRequestHandler):
    received: list[tuple[str, str, int]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.received.append((self.path, self.headers["content-type"], len(body)))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Write nothing."""


@contextmanager
def _collector() -> Iterator[tuple[str, list[tuple[str, str, int]]]]:
    class Collecting(_Collector):
        received: list[tuple[str, str, int]] = []  # noqa: RUF012 - of this server only

    with ThreadingHTTPServer(("127.0.0.1", 0), Collecting) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1/traces", Collecting.received
        finally:
            server.shutdown()
            thread.join()


def test_spans_are_sent_to_a_collector_at_the_latest_when_it_stops() -> None:
    with _collector() as (url, received):
        traces = tracing.Tracing("one", tracing.exported_to(url))

        async def answer(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})

        async def work() -> None:
            scope = {"type": "http", "method": "POST", "path": "/v1/images/edits", "headers": []}
            await traces.around(answer)(scope, None, _ignored)  # type: ignore[arg-type]  # it receives nothing
            await traces.close()

        asyncio.run(work())

    assert [(path, kind) for path, kind, _ in received] == [("/v1/traces", "application/x-protobuf")]


async def _ignored(_: Any) -> None:
    """Take a message."""
