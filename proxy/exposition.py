"""The text of `/metrics`: the counters of all workers, the gauges of this moment, and the names that are asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from proxy.metrics import PREFIX
from proxy.metrics_folder import FOLDER_VARIABLE

OPENMETRICS = "application/openmetrics-text; version=1.0.0"

OPENTELEMETRY_NAMES = {
    f"{PREFIX}http_request_duration_seconds": "http.server.request.duration",
    f"{PREFIX}http_requests_in_flight": "http.server.active_requests",
    f"{PREFIX}upstream_request_duration_seconds": "gen_ai.client.operation.duration",
}
"""OpenTelemetry's names of what means exactly the same there. The GenAI ones are in development and have moved: they
are here and nowhere else."""

OPENTELEMETRY_LABELS = {
    "route": "http.route",
    "method": "http.request.method",
    "status": "http.response.status_code",
    "model": "gen_ai.request.model",
}
"""OpenTelemetry's names of the labels of those families."""


@dataclass(frozen=True, slots=True)
class _Families:
    """Families as something that can be collected."""

    families: Iterable[Metric]

    def collect(self) -> Iterator[Metric]:
        yield from self.families


def exposition(
    registry: CollectorRegistry, gauges: Iterable[Metric], *, names: str, accept: str | None
) -> tuple[bytes, str]:
    """The body and its content type, in the format that a scraper's `Accept` prefers.

    names  `prometheus`, or `opentelemetry` for the names of OPENTELEMETRY_NAMES, converted as Prometheus does
    """
    families = [*_counted(registry), *gauges]
    if names == "opentelemetry":
        families = [_renamed(family) for family in families]
    # The header itself is not passed on: the library's parser fails on hostile ones.
    encode, content_type = choose_encoder(OPENMETRICS if "application/openmetrics-text" in (accept or "") else "")
    return encode(_Families(families)), content_type


def _counted(registry: CollectorRegistry) -> Iterable[Metric]:
    """What this process counted, or all workers together where they share a folder."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        return registry.collect()
    families: Iterable[Metric] = MultiProcessCollector(None, folder).collect()  # type: ignore[no-untyped-call]
    return families  # the library has no annotations there


def converted(name: str, *, seconds: bool = False) -> str:
    """An OpenTelemetry name by the rules of Prometheus.

    >>> converted("http.server.request.duration", seconds=True)
    'http_server_request_duration_seconds'
    """
    return name.replace(".", "_") + ("_seconds" if seconds else "")


def _renamed(family: Metric) -> Metric:
    if family.name not in OPENTELEMETRY_NAMES:
        return family
    name = converted(OPENTELEMETRY_NAMES[family.name], seconds=family.name.endswith("_seconds"))
    renamed = Metric(name, family.documentation, family.type)
    for sample in family.samples:
        labels = {converted(OPENTELEMETRY_LABELS.get(label, label)): value for label, value in sample.labels.items()}
        renamed.add_sample(name + sample.name.removeprefix(family.name), labels, sample.value)
    return renamed
