"""/metrics says what the log says: parsed back by Prometheus's own parser, bounded in labels, never without zeros."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import respx
from PIL import Image
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families

from proxy.home import Home
from proxy.identity import VERSION, build
from proxy.metrics import SECONDS
from proxy.prices import Prices
from tests.proxy.conftest import Clock, RunningProxy, drawn, ended, refused

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(proxy: RunningProxy) -> Samples:
    """Every sample, by its name and labels."""
    text = proxy.send("GET", "/metrics", headers={"authorization": ""}).text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    """One sample; the labels must be all of its labels."""
    return samples[f"image_proxy_{name}", frozenset(labels.items())]


def test_what_can_be_known_shows_0_before_the_first_request(proxy: RunningProxy) -> None:
    samples = scraped(proxy)

    for result in ("hit", "miss", "bypass", "error", "coalesced"):
        assert value(samples, "cache_requests_total", backend="filesystem", result=result) == 0
    assert value(samples, "cache_entries", backend="filesystem") == 0
    assert value(samples, "cache_stored_bytes", backend="filesystem") == 0
    assert value(samples, "cache_limit_bytes", backend="filesystem") == 500_000_000
    assert value(samples, "http_requests_in_flight", route="/v1/images/edits") == 0
    assert value(samples, "workers") == 1
    assert value(samples, "build_info", version=VERSION, build=build()) == 1


def test_requests_are_counted_by_route_outcome_and_cache(proxy: RunningProxy, upstream: respx.Route) -> None:
    proxy.generate({"n": 2})
    proxy.generate({"n": 2})
    proxy.edit()
    proxy.generate({"prompt": ""})
    upstream.mock(side_effect=lambda _: ended("SAFETY"))
    proxy.generate({"prompt": "something else"})
    proxy.send("GET", "/v1/models/gemini-3-pro-image")
    samples = scraped(proxy)

    route = "/v1/images/generations"
    assert value(samples, "http_requests_total", route=route, method="POST", status="200") == 2
    assert value(samples, "http_requests_total", route=route, method="POST", status="400") == 2
    assert value(samples, "http_requests_total", route="/v1/models/{name}", method="GET", status="200") == 1
    for outcome in ("ok", "cached", "client_error", "refused"):
        assert value(samples, "http_request_duration_seconds_count", route=route, outcome=outcome) == 1
    assert value(samples, "cache_requests_total", backend="filesystem", result="hit") == 1
    assert value(samples, "cache_requests_total", backend="filesystem", result="miss") == 3
    assert value(samples, "cache_requests_total", backend="filesystem", result="bypass") == 1
    model = "gemini-3-pro-image"
    assert value(samples, "images_returned_total", model=model, image_size="1K", source="upstream") == 3
    assert value(samples, "images_returned_total", model=model, image_size="1K", source="cache") == 2
    assert value(samples, "refusals_total", stage="output", reason="SAFETY") == 1
    assert value(samples, "cache_entries", backend="filesystem") == 2
    assert value(samples, "cache_operation_duration_seconds_count", backend="filesystem", operation="store") == 2
    assert value(samples, "http_requests_in_flight", route=route) == 0


def test_calls_are_counted_with_code_outcome_and_tokens(
    start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    proxy = start_proxy(IMAGE_PROXY_UPSTREAM_TIMEOUT_SECONDS="1")
    usage = {
        "promptTokenCount": 7,
        "candidatesTokenCount": 1120,
        "thoughtsTokenCount": 30,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 7}],
    }
    upstream.mock(side_effect=[httpx.ReadTimeout("slow"), drawn(usageMetadata=usage)])
    proxy.generate()
    proxy.generate()
    samples = scraped(proxy)

    model = "gemini-3-pro-image"
    assert value(samples, "upstream_requests_total", model=model, code="none", reason="none") == 1
    assert value(samples, "upstream_requests_total", model=model, code="200", reason="STOP") == 1
    assert value(samples, "upstream_request_duration_seconds_count", model=model, outcome="ok") == 1
    assert value(samples, "upstream_request_duration_seconds_count", model=model, outcome="failed") == 1
    tokens = {("input", "text"): 7, ("input", "image"): 0, ("output", "image"): 1120, ("output", "thought"): 30}
    for (direction, modality), count in tokens.items():
        assert value(samples, "tokens_total", model=model, direction=direction, modality=modality) == count


def test_blocked_prompt_is_refused_at_its_own_stage(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(return_value=httpx.Response(200, json={"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}))
    proxy.generate()

    assert value(scraped(proxy), "refusals_total", stage="input", reason="PROHIBITED_CONTENT") == 1


def test_further_tries_are_counted_by_what_made_them_needed(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=[refused(429, "RESOURCE_EXHAUSTED"), refused(503), drawn()])
    proxy.generate()
    samples = scraped(proxy)

    assert value(samples, "upstream_retries_total", reason="quota_minute") == 1
    assert value(samples, "upstream_retries_total", reason="capacity") == 1
    calls = proxy.send("GET", "/internal/upstream-calls").json()["calls"]
    assert [call["after"] for call in calls] == [None, "quota_minute", "capacity"]


def test_cost_is_counted_by_the_prices_of_the_configuration(
    start_proxy: Callable[..., RunningProxy], home: Home, upstream: respx.Route
) -> None:
    usage = {"promptTokenCount": 500_000, "candidatesTokenCount": 1_000_000, "thoughtsTokenCount": 250_000}
    upstream.mock(side_effect=lambda _: drawn(usageMetadata=usage))
    model = "gemini-3-pro-image"
    assert ("image_proxy_cost_usd_total", frozenset({("model", model)})) not in scraped(start_proxy())
    prices = {model: Prices(input=2, image=120, thought=12)}
    home.write(home.read().model_copy(update={"prices": prices}))
    proxy = start_proxy()
    proxy.generate()
    proxy.generate({"model": "gemini-2.5-flash-image"})
    samples = scraped(proxy)

    assert value(samples, "cost_usd_total", model=model) == pytest.approx(1 + 120 + 3)
    assert not [
        labels for name, labels in samples if name.endswith("cost_usd_total") and ("model", model) not in labels
    ]


def _large_png() -> bytes:
    """A PNG of about 900 KB: noise does not shrink."""
    buffer = io.BytesIO()
    Image.frombytes("RGB", (550, 550), random.Random(0).randbytes(550 * 550 * 3)).save(buffer, "PNG")
    return buffer.getvalue()


def test_answers_that_go_before_anybody_asks_are_counted_by_why(
    start_proxy: Callable[..., RunningProxy], clock: Clock, upstream: respx.Route
) -> None:
    upstream.mock(side_effect=lambda _: drawn(_large_png()))
    proxy = start_proxy(CACHE_MAX_SIZE_MB="2", CACHE_TTL_SECONDS="10")
    for number in range(3):
        proxy.generate({"prompt": f"kite {number}"})
    assert value(scraped(proxy), "cache_evictions_total", backend="filesystem", cause="room") == 2
    clock.now += 20
    proxy.generate({"prompt": "one more"})

    assert value(scraped(proxy), "cache_evictions_total", backend="filesystem", cause="expired") == 1


def test_accounts_show_state_and_rest(proxy: RunningProxy, upstream: respx.Route) -> None:
    retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "20s"}
    upstream.mock(side_effect=lambda _: refused(429, "RESOURCE_EXHAUSTED", **retry))
    proxy.generate()
    samples = scraped(proxy)

    for account in proxy.service.pool.accounts:
        assert value(samples, "account_state", account=account.id, state="cooling") == 1
        assert value(samples, "account_state", account=account.id, state="ready") == 0
        model = "gemini-3-pro-image"
        assert value(samples, "account_cooldown_remaining_seconds", account=account.id, model=model) == 20
        assert value(samples, "account_cooldowns_total", account=account.id, model=model, reason="quota_minute") == 1
    assert value(samples, "upstream_failures_total", model=model, cause="quota_minute") == 2
    assert account.name not in proxy.send("GET", "/metrics").text


def test_equal_requests_at_one_time_are_coalesced(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    proxy.together({}, {}, {})
    samples = scraped(proxy)

    assert value(samples, "cache_requests_total", backend="filesystem", result="miss") == 1
    assert value(samples, "cache_requests_total", backend="filesystem", result="coalesced") == 2
    assert value(samples, "images_returned_total", model="gemini-3-pro-image", image_size="1K", source="coalesced") == 2


def test_nothing_that_a_client_sends_becomes_a_label(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=lambda _: ended("A_REASON_OF_TOMORROW"))
    for number in range(30):
        proxy.generate({"model": f"model-{number}"})
        proxy.send("GET", f"/path-{number}")
        proxy.send("GET", f"/v1/models/name-{number}")
        proxy.send(f"VERB{number}", "/healthz")
    proxy.generate({"prompt": "a secret castle"})
    labels = {label for _, labels in scraped(proxy) for label in labels}

    assert not {label for label in labels if "model-" in label[1] or "path-" in label[1] or "VERB" in label[1]}
    assert {("route", "other"), ("method", "other"), ("reason", "other")} <= labels
    assert "castle" not in str(labels)
    assert proxy.key not in str(labels)
    assert len(labels) < 120


def test_failing_cache_is_counted_and_leaves_out_what_is_unknown(
    start_proxy: Callable[..., RunningProxy], home: Any, upstream: respx.Route
) -> None:
    assert upstream is not None
    home.cache.write_text("not a folder")
    proxy = start_proxy()
    proxy.generate()
    samples = scraped(proxy)

    assert value(samples, "cache_working", backend="filesystem") == 0
    assert value(samples, "cache_requests_total", backend="filesystem", result="error") == 1
    assert value(samples, "cache_errors_total", backend="filesystem", operation="lookup") == 1
    assert ("image_proxy_cache_entries", frozenset({("backend", "filesystem")})) not in samples


def test_edges_go_from_a_hit_to_a_time_out() -> None:
    assert list(SECONDS) == sorted(SECONDS)
    assert (SECONDS[0], 60 in SECONDS, SECONDS[-1]) == (0.001, True, 600)


@pytest.mark.parametrize(
    "accept",
    [b"", b"*/*", b"application/openmetrics-text; version=abc", b"application/openmetrics-text;;=;version=\xff"],
)
def test_any_accept_header_is_answered(accept: bytes, proxy: RunningProxy) -> None:
    response = proxy.send("GET", "/metrics", headers=[(b"accept", accept)])

    parse = open_metrics if "openmetrics" in response.headers["content-type"] else text_string_to_metric_families
    assert response.status_code == 200
    assert "image_proxy_workers" in {family.name for family in parse(response.text)}


def test_opentelemetry_names_stand_for_what_means_the_same(
    start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    assert upstream is not None
    proxy = start_proxy(IMAGE_PROXY_METRIC_NAMES="opentelemetry")
    proxy.generate()
    samples = scraped(proxy)

    duration = ("http_route", "/v1/images/generations"), ("outcome", "ok")
    assert samples["http_server_request_duration_seconds_count", frozenset(duration)] == 1
    call = ("gen_ai_request_model", "gemini-3-pro-image"), ("outcome", "ok")
    assert samples["gen_ai_client_operation_duration_seconds_count", frozenset(call)] == 1
    assert value(samples, "cache_requests_total", backend="filesystem", result="miss") == 1
    assert not {name for name, _ in samples if name.startswith("image_proxy_upstream_request_duration")}
