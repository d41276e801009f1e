"""Many clients at once: equal requests make one upstream call, and connections that do nothing cost little memory."""

import asyncio
import json
import resource
import socket
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil

from tests.benchmarks.ratio import Figure
from tests.benchmarks.servers import BIN, Target, free_port, image_proxy, started

EQUAL = 200
IDLE = 2000
MOST_MEGABYTES = 200.0


def ratios() -> list[Figure]:
    port = free_port()
    simulator = [str(BIN / "image-proxy"), "simulate", "--port", str(port), "--latency-ms", "500"]
    with (
        tempfile.TemporaryDirectory(prefix="crowd-") as name,
        started(simulator, port),
        image_proxy(Path(name), Target(f"http://127.0.0.1:{port}")) as ours,
    ):
        asyncio.run(_equal_requests(ours))
        calls = _json(f"http://127.0.0.1:{port}/_simulator/stats")["calls"]
        return [
            Figure(f"upstream calls of {EQUAL} equal requests at one time", calls, 1, "calls"),
            Figure(f"memory that {IDLE} idle connections take", _idle_megabytes(ours), MOST_MEGABYTES, "MB"),
        ]


async def _equal_requests(target: Target) -> None:
    limits = httpx.Limits(max_connections=EQUAL)
    headers = {"authorization": f"Bearer {target.key}"}
    async with httpx.AsyncClient(limits=limits, timeout=60, trust_env=False, headers=headers) as client:
        answers = await asyncio.gather(*(client.post(target.url, json={"prompt": "A kite"}) for _ in range(EQUAL)))
    if {answer.status_code for answer in answers} != {200} or len({answer.content for answer in answers}) != 1:
        raise RuntimeError("the answers to equal requests are not equal")


def _idle_megabytes(target: Target) -> float:
    """How much the process grows while so many connections are open that have had an answer each."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192) if hard > 0 else 8192, hard))
    base = target.url.removesuffix("/v1/images/generations")
    port = int(base.rpartition(":")[2])
    pid = _json(f"{base}/internal/stats", target.key)["pid"]
    process = psutil.Process(pid)
    before = process.memory_info().rss
    with ExitStack() as stack:
        for _ in range(IDLE):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: proxy\r\n\r\n")
            if not connection.recv(1000).startswith(b"HTTP/1.1 200"):
                raise RuntimeError("a connection was not answered")
        time.sleep(0.5)
        return (process.memory_info().rss - before) / 1e6


def _json(url: str, key: str = "") -> dict[str, int]:
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {key}"})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
        found: dict[str, int] = json.load(answer)
        return found
