"""A real Prometheus, filled with samples of a known hour, gives the counts that were put in."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from checks.metrics.prometheus.reading import read_prometheus

START = datetime(2026, 1, 11, 10, tzinfo=UTC)
STEP_S = 15
MINUTES = 30
EDGES = ("0.1", "1.0", "+Inf")
REQUESTS = "image_proxy_http_request_duration_seconds"
STARTS_WITHIN_S = 30


def openmetrics() -> str:
    """Every 15 s five hits of at most 0.1 s and a failure of at most 1 s; after 20 minutes the counters start anew."""
    families: dict[str, list[str]] = {
        f"{REQUESTS}": [],
        "image_proxy_http_requests": [],
        "image_proxy_cache_requests": [],
    }
    for place in range(MINUTES * 60 // STEP_S + 1):
        at = int(START.timestamp()) + place * STEP_S
        steps = place if place <= 80 else place - 80
        for outcome, low, all_of in (("cached", 5, 5), ("timeout", 0, 1)):
            labels = f'instance="a:1",route="/v1/images/generations",outcome="{outcome}"'
            for edge in EDGES:
                count = (low if edge == "0.1" else all_of) * steps
                families[REQUESTS].append(f'{REQUESTS}_bucket{{{labels},le="{edge}"}} {count} {at}')
            families[REQUESTS].append(f"{REQUESTS}_count{{{labels}}} {all_of * steps} {at}")
            families[REQUESTS].append(f"{REQUESTS}_sum{{{labels}}} {0.5 * all_of * steps} {at}")
        labels = 'instance="a:1",route="/v1/images/generations",method="POST",status="504"'
        families["image_proxy_http_requests"].append(f"image_proxy_http_requests_total{{{labels}}} {steps} {at}")
        for result, by in (("hit", 5), ("miss", 1)):
            labels = f'instance="a:1",backend="filesystem",result="{result}"'
            families["image_proxy_cache_requests"].append(
                f"image_proxy_cache_requests_total{{{labels}}} {by * steps} {at}"
            )
    kinds = {REQUESTS: "histogram"}
    lines = [f"# TYPE {name} {kinds.get(name, 'counter')}\n" + "\n".join(rows) for name, rows in families.items()]
    return "\n".join(lines) + "\n# EOF\n"


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start Debian's Prometheus on samples that its own promtool packed; nothing is scraped."""
    program, tool = shutil.which("prometheus"), shutil.which("promtool")
    assert program, "scripts/system-packages.sh prometheus:prometheus installs what is missing"
    assert tool
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "samples").write_text(openmetrics(), encoding="utf-8")
    (folder / "prometheus.yml").write_text("global: {}\n", encoding="utf-8")
    packed = [tool, "tsdb", "create-blocks-from", "openmetrics", str(folder / "samples"), str(folder / "data")]
    subprocess.run(packed, check=True, capture_output=True, timeout=60)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        program,
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as running:
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}", folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()


def _wait_until_ready(url: str, log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/-/ready", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.02)
    pytest.fail(log.read_text(encoding="utf-8", errors="replace")[-2000:])


def test_counts_are_those_that_were_put_in(prometheus: str) -> None:
    table = read_prometheus(prometheus, START, START + timedelta(minutes=MINUTES))
    total = table.total
    steps = MINUTES * 60 // STEP_S
    assert total.requests == pytest.approx(6 * steps, abs=6 * 4)
    assert table.measure("errors.rate").value == pytest.approx(1 / 6, abs=0.01)
    assert table.measure("cache.hit_rate").value == pytest.approx(5 / 6, abs=0.01)
    assert set(total.errors_by_status) == {"504"}
    assert table.measure("latency.hit.p95").value == pytest.approx(100, rel=0.01)
    assert {caveat.code for caveat in table.caveats} == {"prometheus_buckets"}
    quiet = [sums.requests for start, sums in table.by_window.items() if start < START.timestamp() + 19 * 60]
    assert set(quiet) == {24}


def test_a_span_after_the_last_scrape_gives_no_measure(prometheus: str) -> None:
    later = START + timedelta(minutes=MINUTES)
    stale = read_prometheus(prometheus, START, later + timedelta(minutes=4))
    assert "nothing was scraped in the last two windows" in (stale.unknown_reason or "")
    empty = read_prometheus(prometheus, later + timedelta(hours=1), later + timedelta(hours=2))
    assert "Prometheus has no series" in (empty.unknown_reason or "")
