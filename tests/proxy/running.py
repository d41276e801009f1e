"""A proxy on a real port in front of the simulated service on another, in threads of this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from proxy.application import build_application
from proxy.home import initialise
from proxy.service import Service
from proxy.settings import Settings, described, read_settings
from tests.proxy.simulator.service import Service as Simulator
from tests.proxy.simulator.service import running, serving


@dataclass
class Stack:
    """Where the proxy listens, the key for it, and its upstream."""

    url: str
    key: str
    upstream: Simulator
    home: Path

    def sent(self, prompt: str) -> list[dict[str, Any]]:
        """What the upstream was asked by prompts that contain a text."""
        found = self.upstream.http.get("/_simulator/requests", params={"prompt_contains": prompt}).json()
        return list(found["requests"])

    def events(self) -> list[dict[str, Any]]:
        """The log's events of requests."""
        lines = (self.home / "logs" / "image-proxy.jsonl").read_text().splitlines()
        return [event for event in map(json.loads, lines) if event["event"] == "image_request"]


@contextmanager
def running_stack(
    home: Path, behaviour: dict[str, Any] | None = None, make: Callable[[Settings], Service] = Service, **variables: str
) -> Iterator[Stack]:
    """Start both, by the simulator's behaviour and the proxy's variables; the environment is not read."""
    _, key = initialise(home)
    with pytest.MonkeyPatch.context() as environment:
        for name in [*described(), "IMAGE_PROXY_API_KEY"]:
            environment.delenv(name, raising=False)
        # Clients that read a proxy from the environment must not send it what is meant for this machine.
        environment.setenv("NO_PROXY", "127.0.0.1")
        with running(**(behaviour or {})) as upstream:
            given = {"IMAGE_PROXY_HOME": str(home), "IMAGE_PROXY_UPSTREAM": upstream.url, **variables}
            with serving(build_application(make(read_settings(given)))) as url:
                yield Stack(url, key, upstream, home)
