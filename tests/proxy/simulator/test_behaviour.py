"""Latency and the share of failures."""

import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from proxy.simulator.behaviour import Behaviour
from tests.proxy.simulator.service import Service, prompt_body, running

BODIES = [f'{{"contents": "{number}"}}'.encode() for number in range(2000)]


@given(seed=st.integers(0, 10_000), rate=st.floats(0, 1))
@settings(max_examples=30)
def test_the_share_of_failing_bodies_is_the_rate(seed: int, rate: float) -> None:
    behaviour = Behaviour(seed=seed, error_rate=rate)
    failing = sum(behaviour.failure_for(body) is not None for body in BODIES)
    expected = rate * len(BODIES)
    assert abs(failing - expected) <= 6 * math.sqrt(expected * (1 - rate)) + 1


def test_no_rate_fails_nothing_and_a_whole_one_everything() -> None:
    assert not any(Behaviour().failure_for(body) for body in BODIES)
    assert all(Behaviour(error_rate=1).failure_for(body) for body in BODIES)


def test_the_seed_chooses_which_bodies_fail_and_a_higher_rate_adds_to_them() -> None:
    def failing(seed: int, rate: float) -> set[bytes]:
        behaviour = Behaviour(seed=seed, error_rate=rate)
        return {body for body in BODIES if behaviour.failure_for(body)}

    assert failing(1, 0.2) == failing(1, 0.2)
    assert failing(1, 0.2) != failing(2, 0.2)
    assert failing(1, 0.2) < failing(1, 0.4)


def test_a_failing_body_fails_on_every_attempt_and_others_never() -> None:
    with running(seed=3, error_rate=0.5, error_status=429) as service:
        by_body = [{service.generate(prompt_body(f"p{number}")).status_code for _ in range(3)} for number in range(12)]
        assert {429} in by_body
        assert {200} in by_body
        assert all(len(statuses) == 1 for statuses in by_body)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 429, 500, 502, 503, 504])
def test_failures_have_the_status_that_was_asked_for(status: int) -> None:
    with running(error_rate=1, error_status=status) as service:
        answer = service.generate(prompt_body("x"))
    assert answer.status_code == status
    if status == 429:
        assert "RetryInfo" in answer.text
    if status != 502:
        assert answer.json()["error"]["code"] == status


@given(st.binary(max_size=50))
def test_latency_is_within_a_fifth_of_the_mean_and_the_same_again(body: bytes) -> None:
    behaviour = Behaviour(latency_ms=250)
    assert 0.2 <= behaviour.latency_for(body) <= 0.3
    assert behaviour.latency_for(body) == behaviour.latency_for(body)


def test_an_answer_takes_its_latency() -> None:
    with running(latency_ms=200) as service:
        started = time.monotonic()
        service.candidate(prompt_body("slow", responseModalities=["TEXT"]))
        assert time.monotonic() - started >= 0.16


@pytest.mark.parametrize(
    "wrong",
    [{"error_rate": -0.1}, {"error_rate": 1.1}, {"error_rate": math.nan}, {"error_status": 200}, {"latency_ms": -1}],
)
def test_a_setting_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Behaviour.model_validate(wrong)


def test_no_behaviour_changes_the_picture(service: Service) -> None:
    with running(seed=7, latency_ms=5, error_rate=0.01) as other:
        assert other.picture(prompt_body("same")) == service.picture(prompt_body("same"))
