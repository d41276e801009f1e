"""Synthetic traffic, against a stand-in that records what it is asked."""

import asyncio
import json
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from proxy.simulator.connection import reset_connection
from proxy.traffic import TargetUnreachable, drive, nearest_rank
from proxy.traffic_plan import plan_traffic
from tests.proxy.simulator.service import serving

BASE = "gemini-3-pro-image"
VARIANTS = {
    BASE + size + ratio
    for size in ("", "-2k", "-4k")
    for ratio in ("", "-1x1", "-4x3", "-3x4", "-16x9", "-9x16", "-21x9")
}
PLAN: dict[str, Any] = {"requests": 400, "repeat_share": 0.5, "error_share": 0.1, "seed": 5, "distance": 4}


class StandIn:
    """A proxy's doors: caches by body, refuses what a proxy would, and notes how many requests are under way."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.arrivals: list[float] = []
        self.most_at_once = 0
        self.url = ""
        self.answer_with = 200
        self._seen: set[str] = set()
        self._at_once = 0

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/v1/images/generations", self._generate, methods=["POST"])])

    async def _generate(self, request: Request) -> Any:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        self.arrivals.append(asyncio.get_running_loop().time())
        body = await request.json()
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        await asyncio.sleep(0.005)
        self._at_once -= 1
        return self._answer(body)

    def _answer(self, body: dict[str, Any]) -> Any:
        if self.answer_with == 0:
            return reset_connection
        if self.answer_with != 200:
            return Response(status_code=self.answer_with)
        mistake = not 1 <= body["n"] <= 10 or body["model"] not in VARIANTS or body.get("size") == "huge"
        if mistake or ("response_format" in body and body["response_format"] != "b64_json"):
            return Response(status_code=400)
        if "[severity:high]" in body["prompt"]:
            return Response(status_code=400, headers={"x-cache": "miss"})
        key = json.dumps(body, sort_keys=True)
        cache = "hit" if key in self._seen else "miss"
        self._seen.add(key)
        return JSONResponse({"data": [{}] * body["n"]}, headers={"x-cache": cache})


@pytest.fixture
def proxy() -> Iterator[StandIn]:
    stand_in = StandIn()
    with serving(stand_in.app()) as url:
        stand_in.url = url
        yield stand_in


def run(proxy: StandIn, **changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "url": proxy.url,
        "requests": 60,
        "repeat_share": 0.5,
        "error_share": 0.1,
        "rate": None,
        "seed": 1,
        "concurrency": 3,
        "api_key": "key-of-a-test",
    }
    return drive(**{**arguments, **changes})


def test_the_result_counts_what_came_back(proxy: StandIn) -> None:
    result = run(proxy)
    assert (result["synthetic"], result["url"], result["seed"], result["requests"]) == (True, proxy.url, 1, 60)
    assert result["by_status"] == {"200": 54, "400": 6}
    assert (result["refused"], result["failed"]) == (6, 0)
    assert result["cache"] == {"hit": 30, "miss": 27}
    assert result["duration_s"] > 0
    latency = result["latency_ms"]
    assert 5 <= latency["p50"] <= latency["p95"] <= latency["p99"]
    assert json.loads(json.dumps(result)) == result


def test_every_request_is_labelled_and_carries_the_key(proxy: StandIn) -> None:
    run(proxy, requests=10)
    assert len(proxy.headers) == 10
    assert {headers["x-synthetic"] for headers in proxy.headers} == {"true"}
    assert {headers["authorization"] for headers in proxy.headers} == {"Bearer key-of-a-test"}


def test_a_trailing_slash_of_the_url_does_no_harm(proxy: StandIn) -> None:
    assert run(proxy, url=proxy.url + "/", requests=2, error_share=0)["by_status"] == {"200": 2}


def test_no_more_are_under_way_than_allowed(proxy: StandIn) -> None:
    run(proxy, requests=40, concurrency=4)
    assert 2 <= proxy.most_at_once <= 4


def test_requests_start_at_the_rate(proxy: StandIn) -> None:
    run(proxy, requests=11, rate=50.0)
    assert proxy.arrivals[-1] - proxy.arrivals[0] >= 0.19


@pytest.mark.parametrize(("status", "refused", "failed"), [(503, 0, 5), (429, 0, 5), (401, 5, 0), (304, 0, 0)])
def test_failures_are_told_from_refusals(proxy: StandIn, status: int, refused: int, failed: int) -> None:
    proxy.answer_with = status
    result = run(proxy, requests=5)
    assert result["by_status"] == {str(status): 5}
    assert (result["refused"], result["failed"]) == (refused, failed)
    assert result["latency_ms"] == {"p50": None, "p95": None, "p99": None}


def test_a_request_without_an_answer_is_a_failure(proxy: StandIn) -> None:
    proxy.answer_with = 0
    result = run(proxy, requests=3)
    assert (result["by_status"], result["failed"]) == ({"no_answer": 3}, 3)


def test_nothing_is_printed_where_nobody_watches(proxy: StandIn, capfd: pytest.CaptureFixture[str]) -> None:
    run(proxy, requests=5)
    assert capfd.readouterr() == ("", "")


def test_a_terminal_shows_progress_without_prompts(proxy: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    class Terminal:
        encoding = "utf-8"

        def write(self, text: str) -> int:
            written.append(text)
            return len(text)

        def flush(self) -> None:
            """Nothing is held back."""

        def isatty(self) -> bool:
            return True

    for variable in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    run(proxy, requests=5)
    shown = "".join(written)
    assert "synthetic traffic" in shown
    assert not any(body["prompt"] in shown for body in proxy.bodies)


def test_a_target_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    stand_in = StandIn()
    stand_in.url = url
    with pytest.raises(TargetUnreachable, match=f"nothing answers at {url}: .*is the proxy running there"):
        run(stand_in)


@pytest.mark.parametrize("url", ["localhost:1", "http://[", "ftp://127.0.0.1"])
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(TargetUnreachable, match="nothing answers at"):
        run(StandIn(), url=url)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"requests": 0}, "requests must be at least 1"),
        ({"repeat_share": 1.5}, "repeat_share must be from 0 to 1"),
        ({"error_share": -0.1}, "error_share must be from 0 to 1"),
        ({"error_share": float("nan")}, "error_share must be from 0 to 1"),
        ({"repeat_share": 0.8, "error_share": 0.3}, "must not exceed 1 together"),
        ({"concurrency": 0}, "concurrency must be at least 1"),
        ({"rate": 0.0}, "rate must be above 0"),
        ({"rate": float("inf")}, "rate must be above 0"),
    ],
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        run(StandIn(), **wrong)


def test_the_plan_is_the_same_for_the_same_seed_only() -> None:
    assert plan_traffic(**PLAN) == plan_traffic(**PLAN)
    assert plan_traffic(**PLAN) != plan_traffic(**{**PLAN, "seed": 6})


@given(
    requests=st.integers(1, 120),
    shares=st.tuples(st.floats(0, 1), st.floats(0, 1)).filter(lambda pair: sum(pair) <= 1),
    seed=st.integers(0, 1000),
    distance=st.integers(1, 20),
)
def test_shares_hold_to_the_request_and_every_repeat_has_an_original(
    requests: int, shares: tuple[float, float], seed: int, distance: int
) -> None:
    repeat_share, error_share = shares
    plan = plan_traffic(
        requests=requests, repeat_share=repeat_share, error_share=error_share, seed=seed, distance=distance
    )
    assert len(plan) == requests
    errors = round(requests * error_share)
    repeats = [place for place, planned in enumerate(plan) if planned.repeats]
    assert len(repeats) == min(round(requests * repeat_share), max(requests - errors - 1, 0))
    for place in repeats:
        assert any(not earlier.repeats and earlier.body == plan[place].body for earlier in plan[:place])
    firsts = [planned.body["prompt"] for planned in plan if not planned.repeats]
    assert len(set(firsts)) == len(firsts)


@pytest.mark.parametrize("seed", range(5))
def test_the_first_requests_repeat_nothing_that_is_still_under_way(seed: int) -> None:
    plan = plan_traffic(**{**PLAN, "error_share": 0.0, "distance": 8, "seed": seed})
    for place, planned in enumerate(plan):
        if planned.repeats:
            first = next(place for place, earlier in enumerate(plan) if earlier.body == planned.body)
            assert place - first >= 8


def test_some_requests_are_repeated_far_more_often_than_others() -> None:
    repeated = Counter(str(planned.body) for planned in plan_traffic(**PLAN) if planned.repeats)
    counts = sorted(repeated.values(), reverse=True)
    assert counts[0] >= 5 * counts[len(counts) // 2]


def test_the_mix_has_models_sizes_styles_and_mostly_one_picture() -> None:
    bodies = [planned.body for planned in plan_traffic(**{**PLAN, "error_share": 0.0})]
    assert {body["model"] for body in bodies} <= VARIANTS
    assert len({body["model"] for body in bodies}) >= 8
    assert len({body["size"] for body in bodies if "size" in body}) >= 4
    assert {body["style"] for body in bodies if "style" in body} == {"vivid", "natural"}
    assert "hd" in {body.get("quality") for body in bodies}
    pictures = Counter(body["n"] for body in bodies)
    assert set(pictures) == {1, 2}
    assert pictures[1] >= 5 * pictures[2]


def test_one_half_of_the_errors_is_to_be_blocked_the_other_wrong() -> None:
    plan = plan_traffic(**{**PLAN, "repeat_share": 0.0, "error_share": 1.0})
    blocked = [planned.body for planned in plan if "[severity:high]" in str(planned.body["prompt"])]
    wrong = [planned.body for planned in plan if planned.body not in blocked]
    assert len(blocked) == len(wrong) == 200
    assert {body["n"] for body in wrong} == {0, 1, 11}
    assert "no-such-model" in {body["model"] for body in wrong}


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_quantile_is_a_value_that_enough_do_not_exceed(values: list[float], share: float) -> None:
    rounded = [round(value, 3) for value in values]
    quantile = nearest_rank(rounded, share)
    assert quantile in rounded
    below = sum(value < quantile for value in rounded)
    assert below < share * len(values) <= sum(value <= quantile for value in rounded)


def test_no_values_have_no_quantile() -> None:
    assert nearest_rank([], 0.5) is None
