"""What a miss adds to the upstream call that it makes: requests in turn, to the proxy and to the upstream itself."""

import http.client
import itertools
import json
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from tests.benchmarks.proxy_hits import PNG_BYTES
from tests.benchmarks.ratio import Figure
from tests.benchmarks.servers import Target, gemini_answer, image_proxy, plain_server, png_of

REQUESTS = 150
WARM_UP = 10
MOST_ADDED_MS = 5.0
"""LiteLLM adds about 14 ms to an answer of this size."""


def ratios() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="misses-") as name:
        folder = Path(name)
        with (
            plain_server(folder, "gemini.json", gemini_answer(png_of(PNG_BYTES))) as upstream,
            image_proxy(folder, upstream) as ours,
        ):
            times = _times(upstream, ours)
    direct, through = (statistics.median(each) for each in zip(*times, strict=True))
    return [
        Figure(
            "a miss adds to its upstream call, p50",
            through - direct,
            MOST_ADDED_MS,
            "ms",
            f"{direct:.2f} ms direct, {through:.2f} ms through",
        )
    ]


def _times(upstream: Target, ours: Target) -> list[tuple[float, float]]:
    """The milliseconds of calls directly, each with those of a request with a prompt that was never asked before."""
    numbers = itertools.count()
    payload = {"contents": [{"parts": [{"text": "A serene mountain landscape at sunset"}]}]}
    direct, through = _Client(upstream), _Client(ours)
    times: list[tuple[float, float]] = []
    for _ in range(WARM_UP + REQUESTS):
        one = direct.post(payload, None)
        two = through.post({"prompt": f"Landscape {next(numbers)}", "model": "gemini-3-pro-image"}, "miss")
        times.append((one, two))
    return times[WARM_UP:]


class _Client:
    """One connection that is kept."""

    def __init__(self, target: Target) -> None:
        parts = urlsplit(target.url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        self._path = parts.path
        self._headers = {"authorization": f"Bearer {target.key}", "content-type": "application/json"}

    def post(self, body: object, cache: str | None) -> float:
        """The milliseconds of one request, whose answer must have the x-cache that is given."""
        content = json.dumps(body)
        begun = time.perf_counter()
        self._connection.request("POST", self._path, content, self._headers)
        answer = self._connection.getresponse()
        answer.read()
        spent = (time.perf_counter() - begun) * 1000
        if answer.status != 200 or answer.getheader("x-cache") != cache:
            raise RuntimeError(f"status {answer.status}, x-cache {answer.getheader('x-cache')}")
        return spent
