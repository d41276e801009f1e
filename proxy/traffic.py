"""Synthetic traffic: a realistic mix of requests through the proxy's public doors, labelled as synthetic."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import httpx
from rich.console import Console
from rich.progress import Progress

from proxy.traffic_plan import PlannedRequest, plan_traffic

_ANSWER_TIMEOUT_S = 600.0
_CONNECT_TIMEOUT_S = 5.0
_TOO_MANY_REQUESTS = 429
_QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


class TargetUnreachable(Exception):  # noqa: N818 — the name is part of the contract with the command
    """Nothing answers at the URL that traffic is meant for."""


@dataclass
class Tally:
    """What came back.

    `statuses` counts answers by HTTP status, and by "no_answer" the requests that got none; `cache` counts the
    `x-cache` headers; `latencies_ms` holds the time of each answer with status 200.
    """

    statuses: Counter[str] = field(default_factory=Counter)
    cache: Counter[str] = field(default_factory=Counter)
    latencies_ms: list[float] = field(default_factory=list)
    refused: int = 0
    failed: int = 0

    def add(self, answer: httpx.Response, latency_ms: float) -> None:
        """Count an answer. 4xx is a refusal, the client's affair; 5xx and 429 are failures of the service."""
        status = answer.status_code
        self.statuses[str(status)] += 1
        if "x-cache" in answer.headers:
            self.cache[answer.headers["x-cache"]] += 1
        if status == httpx.codes.OK:
            self.latencies_ms.append(latency_ms)
        elif status >= httpx.codes.INTERNAL_SERVER_ERROR or status == _TOO_MANY_REQUESTS:
            self.failed += 1
        elif status >= httpx.codes.BAD_REQUEST:
            self.refused += 1

    def add_silence(self) -> None:
        """Count a request that got no answer: the connection failed or the time ran out."""
        self.statuses["no_answer"] += 1
        self.failed += 1


@dataclass(frozen=True)
class Pace:
    """When requests start: `rate` a second counted from the first, or at once where it is None."""

    rate: float | None

    async def wait_for(self, place: int, start: float) -> None:
        """Wait until the request at `place` is due; `start` is the first one's time on the loop's clock."""
        if self.rate is not None:
            await asyncio.sleep(start + place / self.rate - asyncio.get_running_loop().time())


def drive(
    url: str,
    requests: int,
    repeat_share: float,
    error_share: float,
    rate: float | None,
    seed: int,
    concurrency: int,
    api_key: str,
) -> dict[str, object]:
    """Send `requests` requests to the proxy at `url` and count what comes back.

    At most `concurrency` are under way at once; with `rate` they start at that many a second if the proxy keeps up,
    without it each as soon as an earlier one ends. The mix is that of `plan_traffic`, the same for the same seed.
    The result holds `synthetic`, `url`, `seed`, `requests`, `by_status`, `cache`, `refused`, `failed`, `duration_s` and
    `latency_ms` (`p50`, `p95`, `p99` of the answers with status 200, by nearest rank; None where there are none).

    Raises TargetUnreachable if nothing listens at `url`, ValueError for a number out of range.
    """
    if concurrency < 1:
        raise ValueError(f"concurrency must be at least 1, not {concurrency}")
    if rate is not None and not (math.isfinite(rate) and rate > 0):
        raise ValueError(f"rate must be above 0 requests a second, not {rate}")
    plan = plan_traffic(
        requests=requests, repeat_share=repeat_share, error_share=error_share, seed=seed, distance=concurrency
    )
    tally = Tally()
    started = time.monotonic()
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("synthetic traffic", total=requests)
        shown_plan = _advancing(plan, lambda: progress.advance(task))
        asyncio.run(_send_all(url.rstrip("/"), shown_plan, tally, Pace(rate), min(concurrency, requests), api_key))
    return {
        "synthetic": True,
        "url": url,
        "seed": seed,
        "requests": requests,
        "by_status": dict(sorted(tally.statuses.items())),
        "cache": dict(sorted(tally.cache.items())),
        "refused": tally.refused,
        "failed": tally.failed,
        "duration_s": round(time.monotonic() - started, 3),
        "latency_ms": {name: nearest_rank(tally.latencies_ms, share) for name, share in _QUANTILES.items()},
    }


def nearest_rank(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed; None for no values."""
    if not values:
        return None
    return round(sorted(values)[max(math.ceil(share * len(values)), 1) - 1], 3)


def _advancing(plan: Sequence[PlannedRequest], advance: Callable[[], None]) -> Iterator[PlannedRequest]:
    """The requests one by one; `advance` is called whenever the next is taken and at the end."""
    for planned in plan:
        yield planned
        advance()


async def _send_all(
    url: str, plan: Iterator[PlannedRequest], tally: Tally, pace: Pace, concurrency: int, api_key: str
) -> None:
    headers = {"authorization": f"Bearer {api_key}", "x-synthetic": "true"}
    limits = httpx.Limits(max_connections=concurrency)
    timeout = httpx.Timeout(_ANSWER_TIMEOUT_S, connect=_CONNECT_TIMEOUT_S)
    async with httpx.AsyncClient(headers=headers, limits=limits, timeout=timeout, trust_env=False) as client:
        await _reach(client, url)
        schedule = enumerate(plan)
        start = asyncio.get_running_loop().time()

        async def work() -> None:
            """Send what is next on the schedule until nothing is left."""
            for place, planned in schedule:
                await pace.wait_for(place, start)
                await _send(client, url, planned, tally)

        async with asyncio.TaskGroup() as workers:
            for _ in range(concurrency):
                workers.create_task(work())


async def _reach(client: httpx.AsyncClient, url: str) -> None:
    """Ask for the health once; raises TargetUnreachable if no HTTP answer comes, whatever it says."""
    try:
        await client.get(f"{url}/healthz", timeout=_CONNECT_TIMEOUT_S)
    except (httpx.RequestError, httpx.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        raise TargetUnreachable(f"nothing answers at {url}: {reason}; is the proxy running there?") from None


async def _send(client: httpx.AsyncClient, url: str, planned: PlannedRequest, tally: Tally) -> None:
    sent = time.perf_counter()
    try:
        answer = await client.post(f"{url}/v1/images/generations", json=planned.body)
    except httpx.RequestError:
        tally.add_silence()
    else:
        tally.add(answer, (time.perf_counter() - sent) * 1000)
