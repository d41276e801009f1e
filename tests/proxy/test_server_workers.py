"""Several worker processes are one server: one port, one log, one cache, one sum; and none is missed for long."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from proxy.home import initialise
from tests.proxy.processes import Served, run, served
from tests.proxy.simulator.service import running
from tests.proxy.waiting import until


@pytest.fixture
def key(tmp_path: Path) -> str:
    """The client key of the home."""
    return initialise(tmp_path / "home")[1]


@pytest.fixture
def two(tmp_path: Path, key: str) -> Iterator[Served]:
    """A server with two workers, both of which serve."""
    assert key
    with served(tmp_path / "home", "--workers", "2") as server:
        until(lambda: len(_events(tmp_path, "server_started")) == 2)
        yield server


def _events(folder: Path, name: str) -> list[dict[str, Any]]:
    lines = (folder / "home" / "logs" / "image-proxy.jsonl").read_text().splitlines()
    return [event for event in map(json.loads, lines) if event["event"] == name]


def _refused(server: Served) -> int:
    return httpx.post(f"{server.url}/v1/images/generations", timeout=10).status_code


def test_workers_count_together_and_stop_together(two: Served, tmp_path: Path) -> None:
    assert {_refused(two) for _ in range(40)} == {401}
    metrics = two.metrics()
    two.process.send_signal(signal.SIGTERM)

    assert two.process.wait(timeout=20) == 0
    counted = 'image_proxy_http_requests_total{method="POST",route="/v1/images/generations",status="401"}'
    assert metrics[counted] == 40
    assert metrics["image_proxy_workers"] == 2
    events = _events(tmp_path, "image_request")
    assert len(events) == 40
    started = {event["pid"] for event in _events(tmp_path, "server_started")}
    assert {event["pid"] for event in _events(tmp_path, "server_stopped")} == started
    assert list((tmp_path / "home" / "run").iterdir()) == []


def test_workers_share_answers(tmp_path: Path, key: str) -> None:
    hits: dict[int, int] = {}
    found: list[str] = []
    with (
        running(latency_ms=0) as upstream,
        served(tmp_path / "home", "--workers", "2", upstream=upstream.url) as server,
    ):

        def both_have_served_a_hit() -> bool:
            body = {"prompt": "a kite", "model": "gemini-2.5-flash-image"}
            client = {"authorization": f"Bearer {key}"}
            url = f"{server.url}/v1/images/generations"
            found.append(httpx.post(url, json=body, headers=client, timeout=20).headers["x-cache"])
            stats = server.get("/internal/stats", key)
            hits[stats["pid"]] = stats["cache"]["hits"]
            return len(hits) == 2 and all(hits.values())

        until(both_have_served_a_hit)
        assert upstream.http.get("/_simulator/stats").json()["calls"] == 1

    assert found == ["miss", *["hit"] * (len(found) - 1)]


def test_worker_that_ends_is_replaced_and_what_it_counted_stays(two: Served, key: str, tmp_path: Path) -> None:
    for _ in range(10):
        _refused(two)
    pid = two.get("/internal/stats", key)["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: len(_events(tmp_path, "server_started")) == 3)

    (ended,) = _events(tmp_path, "worker_ended")
    assert (ended["pid"], ended["exit_code"], ended["level"]) == (pid, -signal.SIGKILL, "ERROR")
    until(lambda: two.metrics()["image_proxy_workers"] == 2)
    counted = 'image_proxy_http_requests_total{method="POST",route="/v1/images/generations",status="401"}'
    assert two.metrics()[counted] == 10


def test_workers_do_not_outlive_their_supervisor(two: Served, tmp_path: Path) -> None:
    workers = [psutil.Process(event["pid"]) for event in _events(tmp_path, "server_started")]
    two.process.kill()

    _, alive = psutil.wait_procs(workers, timeout=20)
    assert alive == []


def test_home_that_cannot_be_used_stops_the_start(tmp_path: Path, key: str) -> None:
    assert key
    (tmp_path / "home" / "proxy.db").write_bytes(b"not a database, but long enough to be taken for one" * 100)
    ended = run("serve", "--home", str(tmp_path / "home"), "--port", "0", "--workers", "2")

    assert ended.returncode == 2
    assert "proxy.db cannot be used" in ended.stderr
    assert "Traceback" not in ended.stderr
