"""The proxy on a real port, in front of the simulated Gemini on another; and a witness of every connection made."""

import ipaddress
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from proxy.application import build_application
from proxy.home import initialise
from proxy.service import Service
from proxy.settings import read_settings
from tests.proxy.simulator.service import Service as Simulator
from tests.proxy.simulator.service import running, serving

CONNECTED: set[str] = set()
"""Every address that this process has connected to, the servers' own calls included."""


def _witness(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        CONNECTED.add(arguments[1][0])


sys.addaudithook(_witness)


def outside() -> set[str]:
    """Addresses that are not this machine's own."""
    return {address for address in CONNECTED if not ipaddress.ip_address(address).is_loopback}


@dataclass
class Stack:
    """A running proxy, its upstream, and a client of the proxy."""

    client: httpx.Client
    upstream: Simulator
    home: Path

    def generate(self, prompt: str, **fields: Any) -> httpx.Response:
        return self.client.post("/v1/images/generations", json={"prompt": prompt, **fields})

    def calls(self, prompt: str) -> list[dict[str, Any]]:
        found = self.upstream.http.get("/_simulator/requests", params={"prompt_contains": prompt}).json()
        return list(found["requests"])

    def events(self) -> list[dict[str, Any]]:
        lines = (self.home / "logs" / "image-proxy.jsonl").read_text().splitlines()
        return [event for event in map(json.loads, lines) if event["event"] == "image_request"]


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with running_stack(tmp_path / "home", monkeypatch) as started:
        yield started


@contextmanager
def running_stack(
    home: Path, monkeypatch: pytest.MonkeyPatch, prepare: Callable[[Path], None] = lambda home: None
) -> Iterator[Stack]:
    for name in ("GEMINI_IMAGE_SAFETY_THRESHOLD", "CACHE_BACKEND", "CACHE_MAX_SIZE_MB", "CACHE_TTL_SECONDS"):
        monkeypatch.delenv(name, raising=False)
    _, key = initialise(home)
    prepare(home)
    with running(latency_ms=1) as upstream:
        given = {"IMAGE_PROXY_HOME": str(home), "IMAGE_PROXY_UPSTREAM": upstream.url}
        service = Service(read_settings(given))
        with (
            serving(build_application(service)) as url,
            httpx.Client(
                base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=30, trust_env=False
            ) as client,
        ):
            yield Stack(client, upstream, home)
