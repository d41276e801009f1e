"""The routes beside the image endpoints, and what every answer has."""

from __future__ import annotations

import os
import re
import sys

import pytest
import respx

from proxy import __version__
from proxy.google_errors import Cause
from proxy.identity import build
from proxy.models import ALIASES, MODELS
from proxy.settings import described
from tests.proxy.conftest import RunningProxy


def test_health_identifies_the_software_and_asks_nobody(proxy: RunningProxy, upstream: respx.Route) -> None:
    body = proxy.send("GET", "/healthz", headers={"authorization": ""}).json()

    assert body == {
        "status": "ok",
        "version": f"v{__version__}",
        "build": build(),
        "instance": "127.0.0.1:8045",
        "started_at": "2027-01-15T08:00:00.000000Z",
    }
    assert not upstream.called


def test_readiness_needs_accounts_and_keys(proxy: RunningProxy) -> None:
    ready = proxy.send("GET", "/readyz")
    for account in proxy.service.pool.accounts:
        proxy.service.pool.mark(
            account, "gemini-3-pro-image", Cause.QUOTA_MINUTE, reason="RESOURCE_EXHAUSTED", retry_after=10
        )

    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert proxy.send("GET", "/readyz").status_code == 503


def test_models_are_the_21_variants_and_the_flash_models(proxy: RunningProxy) -> None:
    body = proxy.send("GET", "/v1/models").json()

    names = [model["id"] for model in body["data"]]
    assert body["object"] == "list"
    assert len([name for name in names if name.startswith("gemini-3-pro-image")]) == 21
    assert {"gemini-3-pro-image-4k-16x9", "gemini-3.1-flash-image", "gemini-2.5-flash-image"} <= set(names)
    assert all(set(model) == {"id", "object", "created", "owned_by"} for model in body["data"])


@pytest.mark.parametrize("name", list(MODELS))
def test_every_model_that_is_listed_draws(name: str, proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    assert proxy.send("GET", f"/v1/models/{name}").json()["id"] == name
    assert proxy.generate({"model": name}).status_code == 200


@pytest.mark.parametrize(("alias", "name"), list(ALIASES.items()))
def test_an_alias_is_not_listed_and_stands_for_a_model(alias: str, name: str, proxy: RunningProxy) -> None:
    assert alias not in MODELS
    assert proxy.send("GET", f"/v1/models/{alias}").json()["id"] == name


def test_an_alias_shares_the_answers_of_its_model(proxy: RunningProxy, upstream: respx.Route) -> None:
    proxy.generate({"model": "gemini-3-pro-image"})

    assert proxy.generate({"model": "dall-e-3"}).headers["x-cache"] == "hit"
    assert proxy.events()[-1]["model"] == "gemini-3-pro-image"
    assert upstream.call_count == 1


def test_unknown_model_is_not_found(proxy: RunningProxy) -> None:
    response = proxy.send("GET", "/v1/models/gemini-9")

    assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_found")


def test_stats_tell_process_settings_and_figures_without_secrets(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    proxy.generate()
    response = proxy.send("GET", "/internal/stats")

    stats = response.json()
    assert (stats["pid"], stats["executable"]) == (os.getpid(), sys.executable)
    assert stats["home"] == str(proxy.service.home.path)
    assert set(stats["settings"]) == set(described()) - {"IMAGE_PROXY_API_KEYS"}
    assert stats["upstream"] == {"calls": 1, "failures": 0}
    assert stats["cache"]["directory"] == str(proxy.service.home.cache)
    assert (stats["cache"]["max_bytes"], stats["cache"]["ttl_seconds"]) == (500_000_000, 7200)
    assert proxy.key not in response.text
    assert "second-key" not in response.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/v1/models", "/internal/stats", "/nowhere", "/"])
def test_every_answer_names_its_request(path: str, proxy: RunningProxy) -> None:
    own = proxy.send("GET", path, headers={"x-request-id": "my-request-1"})
    made = proxy.send("GET", path)

    assert own.headers["x-request-id"] == "my-request-1"
    assert re.fullmatch(r"[0-9a-f]{32}", made.headers["x-request-id"])


def test_path_with_a_slash_too_many_is_unknown_and_redirects_nowhere(proxy: RunningProxy) -> None:
    response = proxy.send("GET", "/v1/models/", headers={"host": "elsewhere.test"})

    assert (response.status_code, response.json()["error"]["code"]) == (404, "unknown_url")


def test_image_answers_tell_cache_threshold_and_time(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    headers = proxy.generate().headers

    assert (headers["x-cache"], headers["x-safety-threshold"]) == ("miss", "MEDIUM")
    assert headers["openai-processing-ms"].isdecimal()
    assert headers["content-type"] == "application/json"
