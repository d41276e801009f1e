from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from checks.judging import judge
from checks.kinds.traffic import TrafficCheck, quantile
from checks.outcome import Status
from checks.target import Target
from tests.checks.kinds.answering import served
from tests.checks.kinds.conftest import Make, MakeContext


class Busy:
    """A service that counts who is there, fails every fourth request to /flaky, and stalls once at /stalling."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.labels: set[str | None] = set()
        self.under_way = self.most = self.calls = 0
        self.stalled = False
        self.app = Starlette(routes=[Route("/{name}", self.answer, methods=["GET", "POST"])])

    async def answer(self, request: Request) -> Response:
        self.calls += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        self.labels.add(request.headers.get("x-synthetic"))
        self.bodies.append((await request.body()).decode())
        failing = request.path_params["name"] == "flaky" and self.calls % 4 == 0
        if request.path_params["name"] == "stalling" and not self.stalled:
            self.stalled = True
            time.sleep(0.5)  # the whole service, not this answer alone
        await anyio.sleep(0.01)
        self.under_way -= 1
        return JSONResponse({}, 503 if failing else 200)


@pytest.fixture
def busy() -> Iterator[tuple[Busy, str]]:
    service = Busy()
    with served(service.app) as base:
        yield service, base


def test_clients_wait_for_their_answers(busy: tuple[Busy, str], make: Make, context: MakeContext) -> None:
    service, base = busy
    expect = {
        "requests": 40,
        "answered": 40,
        "errors.rate": "0%",
        "latency.p95": {"at_least": "10ms"},
        "synthetic": "all",
    }
    check = make(TrafficCheck, url="/x", requests=40, clients=4, expect=expect)
    seen = check.observe(context(target=Target(url=base)))
    assert judge(check, seen) == (Status.PASS, "40 synthetic requests")
    assert service.most <= 4
    assert service.labels == {"true"}
    assert seen.properties["latency"]["p99"] is None


def test_errors_are_counted_by_their_kind(busy: tuple[Busy, str], make: Make, context: MakeContext) -> None:
    check = make(TrafficCheck, url="/flaky", requests=40, clients=2, expect={"errors.rate": {"at_most": "20%"}})
    seen = check.observe(context(target=Target(url=busy[1])))
    status, reason = judge(check, seen)
    assert status is Status.FAIL
    assert "errors.rate" in reason
    assert seen.properties["errors"]["kinds"] == {"503": 10}
    assert seen.properties["answered"] == 30


def test_a_stall_is_felt_by_all_that_were_due_meanwhile(
    busy: tuple[Busy, str], make: Make, context: MakeContext
) -> None:
    check = make(TrafficCheck, url="/stalling", requests=30, rate=100, expect={"latency.p50": {"below": "100ms"}})
    seen = check.observe(context(target=Target(url=busy[1])))
    assert judge(check, seen)[0] is Status.FAIL
    assert seen.properties["latency"]["p50"].value > 0.1


def test_requests_differ_where_they_are_told_to(busy: tuple[Busy, str], make: Make, context: MakeContext) -> None:
    fields = {"json": {"prompt": "a kite", "n": 1}, "vary": "prompt", "distinct": 3}
    make(TrafficCheck, url="/x", requests=9, clients=1, **fields).observe(context(target=Target(url=busy[1])))
    prompts = [json.loads(body)["prompt"] for body in busy[0].bodies]
    assert prompts == ["a kite 1", "a kite 2", "a kite 3"] * 3


def test_sending_ends_after_its_duration(busy: tuple[Busy, str], make: Make, context: MakeContext) -> None:
    check = make(TrafficCheck, url="/x", requests=10_000, rate=50, duration="200ms", expect={"requests": {"below": 20}})
    assert judge(check, check.observe(context(target=Target(url=busy[1]))))[0] is Status.PASS


def test_what_cannot_be_sent_in_the_checks_time_is_an_error(
    busy: tuple[Busy, str], make: Make, context: MakeContext
) -> None:
    check = make(TrafficCheck, url="/x", requests=10_000, rate=50, expect={"errors.rate": 0})
    seen = check.observe(context(target=Target(url=busy[1]), timeout_s=0.4))
    assert seen.status is Status.ERROR
    assert "of 10000 requests could be sent" in seen.reason


def test_a_service_that_is_not_there_has_failed(make: Make, context: MakeContext) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        target = Target(url=f"http://127.0.0.1:{closed.getsockname()[1]}")
        seen = make(TrafficCheck, url="/x", requests=5, clients=2).observe(context(target=target))
    assert seen.status is Status.FAIL
    assert "none of 5 requests was answered well" in seen.reason
    assert seen.properties["errors"]["kinds"] == {"no answer": 5}


def test_it_is_stopped_with_the_run(busy: tuple[Busy, str], make: Make, context: MakeContext) -> None:
    stop = threading.Event()
    stop.set()
    seen = make(TrafficCheck, url="/x", requests=1000, clients=1).observe(
        context(target=Target(url=busy[1]), stop=stop)
    )
    assert (seen.status, seen.reason) == (Status.ERROR, "stopped before every answer was complete")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"clients": 1, "rate": 1},
        {"clients": 0},
        {"rate": 1e6},
        {"clients": 1, "vary": "prompt"},
        {"clients": 1, "vary": "n", "json": {"n": 1}},
        {"clients": 1, "distinct": 2},
    ],
)
def test_a_load_without_a_pace_or_a_bound_is_refused(make: Make, fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make(TrafficCheck, url="/x", requests=5, **fields)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=300), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_a_quantile_is_a_value_that_so_many_do_not_exceed(values: list[float], share: float) -> None:
    found = quantile(sorted(values), share)
    if found is None:
        assert len(values) < 1 / (1 - share) + 1e-6
    else:
        assert found in values
        assert sum(each <= found for each in values) >= share * len(values) - 1e-6
        assert sum(each < found for each in values) < share * len(values) + 1e-6
