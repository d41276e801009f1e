"""How soon a proxy is ready, and how much memory it has then."""

import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from proxy.home import initialise
from tests.benchmarks.ratio import Figure
from tests.benchmarks.servers import BIN, START_SECONDS, free_port

STARTS = 5
MOST_SECONDS = 1.5
MOST_MEGABYTES = 120.0


def ratios() -> list[Figure]:
    """LiteLLM's proxy takes about 6 s and 317 MB."""
    with tempfile.TemporaryDirectory(prefix="start-") as name:
        home, _ = initialise(Path(name) / "home")
        found = [_start(home) for _ in range(STARTS + 1)][1:]
    return [
        Figure("start-up to ready, median", statistics.median(seconds for seconds, _ in found), MOST_SECONDS, "s"),
        Figure("memory when idle, largest", max(size for _, size in found), MOST_MEGABYTES, "MB"),
    ]


def _start(home: Path) -> tuple[float, float]:
    """Seconds until /readyz is 200, and the process's resident MB."""
    port = free_port()
    begun = time.perf_counter()
    process = subprocess.Popen(
        [str(BIN / "image-proxy"), "serve", "--home", str(home), "--port", str(port)], stderr=subprocess.DEVNULL
    )
    try:
        while not _is_ready(port):
            if process.poll() is not None or time.perf_counter() - begun > START_SECONDS:
                sys.exit("the proxy does not start")
            time.sleep(0.01)
        return time.perf_counter() - begun, psutil.Process(process.pid).memory_info().rss / 1e6
    finally:
        process.terminate()
        process.wait(10)


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return int(answer.status) == 200
    except (urllib.error.URLError, ConnectionError):
        return False
