"""Faults on request: each is seen from outside, none is there unless asked for, and strangers cannot ask."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from proxy.errors import StartError
from proxy.faults.catalogue import Faults
from proxy.faults.service import FaultyService
from proxy.settings import read_settings
from tests.proxy.conftest import RunningProxy, png
from tests.proxy.running import Stack, running_stack

SMALL = "gemini-2.5-flash-image"


class _Proxy:
    """A proxy that can go wrong, and its client."""

    def __init__(self, stack: Stack, http: httpx.Client) -> None:
        self.stack, self.http = stack, http

    def fault(self, **faults: Any) -> httpx.Response:
        return self.http.post("/internal/faults", json=faults)

    def generate(self, prompt: str, **fields: Any) -> httpx.Response:
        return self.http.post("/v1/images/generations", json={"prompt": prompt, "model": SMALL, **fields})


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Proxy]:
    with (
        running_stack(
            tmp_path_factory.mktemp("faults") / "home",
            make=FaultyService,
            IMAGE_PROXY_API_KEYS="second-key",
        ) as stack,
        httpx.Client(
            base_url=stack.url, headers={"authorization": f"Bearer {stack.key}"}, trust_env=False, timeout=20
        ) as http,
    ):
        yield _Proxy(stack, http)


@pytest.fixture
def proxy_at_fault(started: _Proxy) -> Iterator[_Proxy]:
    yield started
    assert started.fault().json() == Faults().model_dump()


def test_without_faults_it_is_a_proxy_like_any_other(proxy_at_fault: _Proxy) -> None:
    assert proxy_at_fault.generate("healthy").headers["x-cache"] == "miss"
    assert proxy_at_fault.generate("healthy").headers["x-cache"] == "hit"
    assert proxy_at_fault.http.get("/internal/stats").json()["faults"] == Faults().model_dump()


def test_auth_off(proxy_at_fault: _Proxy) -> None:
    nobody = {"authorization": ""}
    assert proxy_at_fault.http.get("/v1/models", headers=nobody).status_code == 401
    proxy_at_fault.fault(auth_off=True)
    assert proxy_at_fault.http.get("/v1/models", headers=nobody).status_code == 200
    assert proxy_at_fault.http.post("/internal/faults", json={}, headers=nobody).status_code == 401


@pytest.mark.parametrize(
    ("ignored", "first", "second"),
    [
        ("size", {}, {"size": "1536x1024"}),
        ("quality", {"quality": "low"}, {"quality": "medium"}),
        ("safety_threshold", {"safety_threshold": "OFF"}, {"safety_threshold": "HIGH"}),
        ("model", {}, {"model": "gemini-3.1-flash-lite-image"}),
    ],
)
def test_a_key_that_ignores_a_field(
    ignored: str, first: dict[str, str], second: dict[str, str], proxy_at_fault: _Proxy
) -> None:
    proxy_at_fault.fault(key_ignores=ignored)
    made = proxy_at_fault.generate(f"ignores {ignored}", **first)
    other = proxy_at_fault.generate(f"ignores {ignored}", **second)

    assert (made.headers["x-cache"], other.headers["x-cache"]) == ("miss", "hit")
    assert made.content == other.content


def test_a_key_that_ignores_the_client(proxy_at_fault: _Proxy) -> None:
    proxy_at_fault.fault(key_ignores="tenant")
    proxy_at_fault.generate("shared")
    body = {"prompt": "shared", "model": SMALL}
    other = {"authorization": "Bearer second-key"}

    assert proxy_at_fault.http.post("/v1/images/generations", json=body, headers=other).headers["x-cache"] == "hit"


def test_a_key_that_ignores_the_pictures_of_an_edit(proxy_at_fault: _Proxy) -> None:
    def edit(content: bytes) -> str:
        answer = proxy_at_fault.http.post(
            "/v1/images/edits", data={"prompt": "edited", "model": SMALL}, files={"image": ("a.png", content)}
        )
        return answer.headers["x-cache"]

    pictures = [png(colour=colour) for colour in ("red", "green", "blue")]
    assert [edit(picture) for picture in pictures[:2]] == ["miss", "miss"]
    proxy_at_fault.fault(key_ignores="images")
    assert [edit(picture) for picture in pictures] == ["miss", "hit", "hit"]


@pytest.mark.parametrize(("ignored", "state"), [(False, "miss"), (True, "hit")])
def test_a_time_to_live_that_is_ignored(ignored: bool, state: str, tmp_path: Path) -> None:
    with (
        running_stack(tmp_path / "home", make=FaultyService, CACHE_TTL_SECONDS="1") as stack,
        httpx.Client(base_url=stack.url, headers={"authorization": f"Bearer {stack.key}"}, trust_env=False) as http,
    ):
        proxy = _Proxy(stack, http)
        proxy.fault(ttl_ignored=ignored)
        proxy.generate("old")
        # The wait comes before the lookup.
        proxy.fault(ttl_ignored=ignored, slow_ms=1100)

        assert proxy.generate("old").headers["x-cache"] == state


def test_a_corrupt_hit_is_served_with_one_byte_changed(proxy_at_fault: _Proxy) -> None:
    made = proxy_at_fault.generate("broken")
    proxy_at_fault.fault(corrupt_hits=True)
    hit = proxy_at_fault.generate("broken")

    assert hit.headers["x-cache"] == "hit"
    assert len(hit.content) == len(made.content)
    assert sum(a != b for a, b in zip(hit.content, made.content, strict=True)) == 1


def test_a_prompt_in_the_log(proxy_at_fault: _Proxy) -> None:
    log = proxy_at_fault.stack.home / "logs" / "image-proxy.jsonl"
    proxy_at_fault.generate("kept secret")
    assert "kept secret" not in log.read_text()
    proxy_at_fault.fault(prompt_in_log=True)
    proxy_at_fault.generate("not so secret")

    assert "not so secret" in log.read_text()


def test_a_log_that_stops(proxy_at_fault: _Proxy) -> None:
    proxy_at_fault.fault(log_stopped=True)
    before = len(proxy_at_fault.stack.events())
    proxy_at_fault.generate("unlogged")

    assert len(proxy_at_fault.stack.events()) == before


def test_safety_that_is_ignored_is_seen_upstream_only(proxy_at_fault: _Proxy) -> None:
    proxy_at_fault.fault(safety_ignored=True)
    answer = proxy_at_fault.generate("[severity:high] ignored", safety_threshold="HIGH")

    assert (answer.status_code, answer.headers["x-safety-threshold"]) == (200, "HIGH")
    (call,) = proxy_at_fault.stack.sent("ignored")
    assert set(call["safety"].values()) == {"OFF"}


def test_all_refused_slow_and_failing(proxy_at_fault: _Proxy) -> None:
    proxy_at_fault.fault(all_refused=True)
    assert proxy_at_fault.generate("harmless").json()["error"]["code"] == "moderation_blocked"
    proxy_at_fault.fault(error_rate=1.0)
    assert proxy_at_fault.generate("harmless").json()["error"]["code"] == "upstream_error"
    proxy_at_fault.fault(slow_ms=120)
    assert int(proxy_at_fault.generate("harmless").headers["openai-processing-ms"]) >= 120


def test_setting_faults_is_logged_before_they_hold(proxy_at_fault: _Proxy) -> None:
    proxy_at_fault.fault(log_stopped=True, slow_ms=1)

    lines = (proxy_at_fault.stack.home / "logs" / "image-proxy.jsonl").read_text().splitlines()
    assert '"event":"faults_set"' in lines[-1].replace(" ", "")
    assert "slow_ms" in lines[-1]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"nonsense", "invalid_json"),
        (b'{"slow_ms": -1}', "invalid_value"),
        (b'{"error_rate": 2}', "invalid_value"),
        (b'{"unknown": true}', "invalid_value"),
        (b'{"key_ignores": "prompt"}', "invalid_value"),
        (b" " * 10_001, "body_too_large"),
    ],
)
def test_faults_that_make_no_sense_change_nothing(content: bytes, code: str, proxy_at_fault: _Proxy) -> None:
    proxy_at_fault.fault(slow_ms=1)
    answer = proxy_at_fault.http.post("/internal/faults", content=content, headers={"content-type": "application/json"})

    assert answer.json()["error"]["code"] == code
    assert proxy_at_fault.http.get("/internal/stats").json()["faults"]["slow_ms"] == 1


def test_an_ordinary_proxy_has_no_such_endpoint(proxy: RunningProxy) -> None:
    assert proxy.send("POST", "/internal/faults", json={}).json()["error"]["code"] == "unknown_url"
    assert "faults" not in proxy.stats()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "images.test", "::"])
def test_it_does_not_start_where_others_could_reach_it(host: str, tmp_path: Path) -> None:
    with pytest.raises(StartError, match="this machine only"):
        FaultyService(read_settings({"IMAGE_PROXY_HOME": str(tmp_path / "home"), "IMAGE_PROXY_HOST": host}))
    assert not (tmp_path / "home").exists()


def test_it_does_not_start_where_faults_would_hold_in_one_worker_of_several(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="those of one process"):
        FaultyService(read_settings({"IMAGE_PROXY_HOME": str(tmp_path / "home"), "IMAGE_PROXY_WORKERS": "2"}))


def test_the_command_line_refuses_another_address_with_code_2(tmp_path: Path) -> None:
    program = "from proxy.command import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", program, "serve", "--faults", "--host", "0.0.0.0", "--port", "0"],
        env={**os.environ, "IMAGE_PROXY_HOME": str(tmp_path / "home")},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 2
    assert "this machine only" in result.stderr
