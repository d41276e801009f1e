"""What the proxy counts and times, for `/metrics`; the numbers come from the log's own events and from the calls.

Labels are bounded: routes are templates, models and reasons that no table has are `other`, and no prompt, key, client
or request id is ever one. Several worker processes add up where `PROMETHEUS_MULTIPROC_DIR` names a folder of theirs
before this module is loaded.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from proxy.calls import UpstreamCall
from proxy.gemini import UsageMetadata
from proxy.google_errors import ACCOUNT_CAUSES, QUOTA_CAUSES
from proxy.hit_tally import HitTally
from proxy.models import MODELS
from proxy.prices import Prices
from proxy.safety import REFUSALS

PREFIX = "image_proxy_"
"""Every family's name starts so, but for those of the process itself."""

SECONDS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 45, 60),
    *(90, 120, 180, 300, 600),
)
"""The edges of the durations' histograms: 1 ms for hits to 60 s for large images, and what time-outs allow beyond."""

OTHER = "other"
"""The label of whatever no table has."""
NONE = "none"
"""The label of what a request or a call did not have."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
FINISHES = frozenset({*REFUSALS, "STOP", "NO_IMAGE", "IMAGE_OTHER", "OTHER", "MAX_TOKENS", "LANGUAGE"})
CACHE_RESULTS = ("hit", "miss", "bypass", "error", "coalesced")
CACHE_OPERATIONS = ("open", "lookup", "store", "read", "lease", "touch", "usage", "close")

disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no annotation here


Family = TypeVar("Family", Counter, Gauge, Histogram)


class _Children(dict[tuple[str, ...], Family], Generic[Family]):
    """A family's children by their labels' values, found without the lock and the checks of `labels()`."""

    def __init__(self, family: Family) -> None:
        super().__init__()
        self._family: Family = family

    def __missing__(self, values: tuple[str, ...]) -> Family:
        child: Family = self._family.labels(*values)
        self[values] = child
        return child


class Metrics:
    """The counters and histograms of one process.

    backend  the cache's, a label of its metrics
    prices   what calls cost, by the model's name upstream
    """

    def __init__(self, backend: str, prices: Mapping[str, Prices]) -> None:
        self.registry = CollectorRegistry()
        self._backend = backend
        self._prices = prices
        self._requests = self._counter("http_requests", "Requests that were answered.", "route", "method", "status")
        self._durations = self._histogram(
            "http_request_duration_seconds", "From a request's start to just before its answer.", "route", "outcome"
        )
        self._in_flight = _Children(
            Gauge(
                f"{PREFIX}http_requests_in_flight",
                "Requests under way, in all workers.",
                ["route"],
                registry=self.registry,
                multiprocess_mode="livesum",
            )
        )
        self._bytes = self._counter("image_bytes", "Bytes of the image endpoints' bodies.", "direction")
        self._images = self._counter("images_returned", "Images in answers.", "model", "image_size", "source")
        self._calls = self._counter("upstream_requests", "Calls to the upstream service.", "model", "code", "reason")
        self._call_durations = self._histogram(
            "upstream_request_duration_seconds", "One call to the upstream service.", "model", "outcome"
        )
        self._retries = self._counter("upstream_retries", "Calls that are further tries.", "reason")
        self._failures = self._counter(
            "upstream_failures", "Calls that failed, by what the service says is at fault.", "model", "cause"
        )
        self._cooldowns = self._counter(
            "account_cooldowns", "Calls after which an account was not asked for a while.", "account", "model", "reason"
        )
        self._refusals = self._counter("refusals", "Calls that the safety filters refused.", "stage", "reason")
        self._tokens = self._counter("tokens", "Tokens that calls took.", "model", "direction", "modality")
        self._cost = self._counter("cost_usd", "What calls cost by the configured prices.", "model")
        self._lookups = self._counter("cache_requests", "Image requests by the cache's part.", "backend", "result")
        self._cache_errors = self._counter("cache_errors", "Cache operations that failed.", "backend", "operation")
        self._cache_durations = self._histogram(
            "cache_operation_duration_seconds", "Cache operations that succeeded.", "backend", "operation"
        )
        self._evictions = self._counter("cache_evictions", "Answers removed before asked.", "backend", "cause")
        workers = Gauge(
            f"{PREFIX}workers",
            "Worker processes that serve.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        workers.set(1)
        self.hits = HitTally(self.observe_hits)
        self._show_zeros()

    def began(self, route: str) -> None:
        """A request is under way."""
        self._in_flight[(route,)].inc()

    def ended(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered; `seconds` counts for routes that write no event."""
        self._in_flight[(route,)].dec()
        self._requests[(route, method if method in METHODS else OTHER, str(status))].inc()
        if not is_image_route(route):
            outcome = "ok" if status < 400 else "client_error" if status < 500 else "server_error"
            self._durations[(route, outcome)].observe(seconds)

    def observe_hits(
        self, model: str, image_size: str | None, images: int, seconds: Sequence[float], received: int, sent: int
    ) -> None:
        """Hits of one model, size and number of images that were answered from memory; they ask for no other count."""
        hits, route = len(seconds), "/v1/images/generations"
        self._requests[(route, "POST", "200")].inc(hits)
        self._lookups[(self._backend, "hit")].inc(hits)
        self._images[(_known(model, MODELS), image_size or NONE, "cache")].inc(hits * images)
        self.carried(received, sent)
        durations = self._durations[(route, "cached")]
        for each in seconds:
            durations.observe(each)

    def carried(self, received: int, sent: int) -> None:
        """The bytes of an image request's body and of its answer's."""
        self._bytes[("in",)].inc(received)
        self._bytes[("out",)].inc(sent)

    def observe_event(self, event: str, fields: Mapping[str, Any]) -> None:
        """An event that was logged."""
        if event == "image_request":
            self._observe_request(fields)
        elif event == "upstream_failure":
            self._observe_failure(fields)
        elif event == "cache_error":
            self._cache_errors[(self._backend, _known(fields["operation"], CACHE_OPERATIONS))].inc()

    def observe_call(self, call: UpstreamCall, error_code: str | None, usage: UsageMetadata | None) -> None:
        """A call that ended: with an error of that code, or with an image and the tokens that it took."""
        model = _known(call.model, UPSTREAM_MODELS)
        reason = NONE if call.finish_reason is None else _known(call.finish_reason, FINISHES)
        outcome = "refused" if call.refused else "failed" if error_code else "ok"
        self._calls[(model, NONE if call.status is None else str(call.status), reason)].inc()
        self._call_durations[(model, outcome)].observe(call.duration_ms / 1000)
        if call.refused:
            self._refusals[(call.refused, reason)].inc()
        if call.after:
            self._retries[(call.after,)].inc()
        if usage:
            counts = tuple(_token_counts(usage))
            for direction, modality, count in counts:
                self._tokens[(model, direction, modality)].inc(count)
            if prices := self._prices.get(call.model):
                self._cost[(model,)].inc(prices.cost(counts))

    def observe_cache(self, operation: str, seconds: float) -> None:
        """A cache operation that succeeded."""
        self._cache_durations[(self._backend, operation)].observe(seconds)

    def observe_eviction(self, cause: str, answers: int) -> None:
        """Answers that the cache removed."""
        self._evictions[(self._backend, cause)].inc(answers)

    def _observe_request(self, fields: Mapping[str, Any]) -> None:
        cache = str(fields["cache"])
        succeeded = fields["status"] == 200
        joined = succeeded and cache != "hit" and fields["account"] is None
        self._durations[(f"/v1/images/{fields['endpoint']}", outcome_of(fields))].observe(fields["duration_ms"] / 1000)
        self._lookups[(self._backend, "coalesced" if joined else cache)].inc()
        if succeeded:
            source = "coalesced" if joined else "cache" if cache == "hit" else "upstream"
            labels = (_known(fields["model"], MODELS), fields["image_size"] or NONE, source)
            self._images[labels].inc(fields["images"])

    def _observe_failure(self, fields: Mapping[str, Any]) -> None:
        model, cause = _known(fields["model"], UPSTREAM_MODELS), fields["cause"]
        self._failures[(model, cause)].inc()
        if cause in QUOTA_CAUSES or cause in ACCOUNT_CAUSES:
            self._cooldowns[(fields["account"], model, cause)].inc()

    def _show_zeros(self) -> None:
        """Give what can be known in advance the value 0, so that a rate over it is never without data."""
        for result in CACHE_RESULTS:
            self._lookups[(self._backend, result)].inc(0)
        for route in ("/v1/images/generations", "/v1/images/edits"):
            self._in_flight[(route,)].inc(0)
        for direction in ("in", "out"):
            self._bytes[(direction,)].inc(0)

    def _counter(self, name: str, documentation: str, *labels: str) -> _Children[Counter]:
        return _Children(Counter(PREFIX + name, documentation, labels, registry=self.registry))

    def _histogram(self, name: str, documentation: str, *labels: str) -> _Children[Histogram]:
        return _Children(Histogram(PREFIX + name, documentation, labels, registry=self.registry, buckets=SECONDS))


UPSTREAM_MODELS = frozenset(model.upstream for model in MODELS.values())


def is_image_route(route: str) -> bool:
    """Whether a route is one of the two image endpoints, whose requests write an event each."""
    return route.startswith("/v1/images/")


def outcome_of(fields: Mapping[str, Any]) -> str:
    """How an image request ended, in one word, by its event's fields."""
    status: int = fields["status"]
    if status == 200:
        return "cached" if fields["cache"] == "hit" else "ok"
    if fields["error_code"] == "moderation_blocked":
        return "refused"
    named = {429: "throttled", 502: "upstream_error", 504: "timeout"}
    return named.get(status, "server_error" if status >= 500 else "client_error")


def _known(value: str, known: Container[str]) -> str:
    return value if value in known else OTHER


def _token_counts(usage: UsageMetadata) -> Iterator[tuple[str, str, int]]:
    """Direction, modality and number of a call's tokens; what is sent and is no picture is text."""
    pictures = usage.prompt_tokens("IMAGE")
    yield "input", "text", usage.prompt_token_count - pictures
    yield "input", "image", pictures
    yield "output", "image", usage.candidates_token_count
    yield "output", "thought", usage.thoughts_token_count
