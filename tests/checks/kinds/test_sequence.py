from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from checks.judging import judge
from checks.kinds.sequence import SequenceCheck
from checks.outcome import Status
from checks.target import Target
from tests.checks.kinds.answering import KEY, Answering, served
from tests.checks.kinds.conftest import Make, MakeContext


@pytest.fixture(scope="module")
def server() -> Iterator[Answering]:
    answering = Answering()
    with served(answering.app) as base:
        answering.base = base
        yield answering


@pytest.fixture
def target(server: Answering) -> Target:
    server.seen.clear()
    return Target(url=server.base, api_key=KEY)


def step(name: str, url: str = "/echo", **more: Any) -> dict[str, Any]:
    return {"name": name, "url": url, **more}


def test_each_step_is_a_property(make: Make, context: MakeContext, target: Target) -> None:
    check = make(
        SequenceCheck,
        steps=[step("first"), step("second", "/text")],
        expect={"first.status": 200, "first.json.method": "GET", "second.headers.content-length": "11"},
    )
    assert judge(check, check.observe(context(target=target)))[0] is Status.PASS


def test_a_step_with_another_status_fails(make: Make, context: MakeContext, target: Target) -> None:
    check = make(SequenceCheck, steps=[step("first"), step("gone", "/nowhere")], expect={"gone.status": 200})
    assert judge(check, check.observe(context(target=target)))[0] is Status.FAIL


def test_what_a_step_captures_is_used_by_later_ones(make: Make, context: MakeContext, target: Target) -> None:
    check = make(
        SequenceCheck,
        steps=[
            step("first", capture={"request": "headers.x-request-id", "id": "json.id"}),
            step(
                "second",
                "/echo/${steps.first.request}",
                method="GET",
                headers={"x-copy": "${steps.first.id}"},
                json={"ids": ["${steps.first.id}", 1]},
            ),
        ],
        expect={"second.status": {"exists": True}},
    )
    observation = check.observe(context(target=target))
    assert observation.properties["first"]["captured"] == {"request": "r/1", "id": "id-1"}
    assert observation.properties["second"]["status"] == 404


def test_a_captured_value_stays_one_part_of_a_url(
    make: Make, context: MakeContext, target: Target, server: Answering
) -> None:
    steps = [step("first", capture={"id": "json.id"}), step("second", "/echo/${steps.first.id}?q=${steps.first.id}")]
    make(SequenceCheck, steps=steps).observe(context(target=target))
    assert [each["path"] for each in server.seen] == ["/echo", "/echo/id-1"]


def test_a_whole_url_can_be_captured(make: Make, context: MakeContext, target: Target) -> None:
    check = make(
        SequenceCheck,
        steps=[step("first", "/away", capture={"to": "headers.location"}), step("second", "${steps.first.to}")],
        expect={"second.status": 307},
    )
    assert judge(check, check.observe(context(target=target)))[0] is Status.PASS


@pytest.mark.parametrize("path", ["headers.x-absent", "json.nothing", "json", "nothing"])
def test_nothing_to_capture_is_a_failure_that_names_the_step(
    make: Make, context: MakeContext, target: Target, path: str
) -> None:
    check = make(SequenceCheck, steps=[step("first", capture={"id": path}), step("second")])
    observation = check.observe(context(target=target))
    assert observation.status is Status.FAIL
    assert "step first" in observation.reason
    assert path in observation.reason


def test_comparisons_of_equal_and_of_different_answers(make: Make, context: MakeContext, target: Target) -> None:
    check = make(
        SequenceCheck,
        steps=[step("one", "/text"), step("two", "/text"), step("other")],
        compare={
            "equal": {"same": ["one.body_sha256", "two.body_sha256"]},
            "different": {"same": ["one.body_sha256", "other.body_sha256"]},
            "longer": {"ratio": ["other.bytes", "one.bytes"]},
            "times": {"ratio": ["one.latency", "one.latency"]},
        },
        expect={"equal": True, "different": False, "longer": {"above": 1}, "times": 1.0},
    )
    status, reason = judge(check, check.observe(context(target=target)))
    assert (status, reason) == (Status.PASS, "")


def test_a_comparison_with_something_unknown_is_unknown(make: Make, context: MakeContext, target: Target) -> None:
    unknown = ["one.headers.x-absent", "one.json.nothing"]
    check = make(
        SequenceCheck,
        steps=[step("one")],
        compare={"same": {"same": unknown}, "ratio": {"ratio": ["one.status", "one.headers.x-absent"]}},
        expect={"same": True, "ratio": {"above": 0}},
    )
    observation = check.observe(context(target=target))
    assert observation.properties["same"] is None
    assert observation.properties["ratio"] is None
    assert judge(check, observation)[0] is Status.NO_DATA


@pytest.mark.parametrize("parallel", [False, True])
def test_every_repeat_is_observed(make: Make, context: MakeContext, target: Target, parallel: bool) -> None:
    check = make(SequenceCheck, steps=[step("many", "/count", times=4, parallel=parallel)], expect={"many.status": 200})
    observation = check.observe(context(target=target))
    assert sorted(observation.properties["many"]["statuses"]) == [200, 503, 503, 503]
    assert observation.properties["many"]["distinct_bodies"] == 4
    assert judge(check, observation)[0] is Status.FAIL


def test_a_step_without_an_answer_is_a_failure_that_names_it(make: Make, context: MakeContext, target: Target) -> None:
    check = make(SequenceCheck, steps=[step("first"), step("mute", "/slow", timeout="100ms"), step("never")])
    observation = check.observe(context(target=target))
    assert observation.status is Status.FAIL
    assert "step mute" in observation.reason
    assert re.search(r"no answer within 0\.\d+ s$", observation.reason)
    assert [each.name for each in observation.evidence] == ["first.json"]


def test_one_silent_answer_of_many_at_once_is_a_failure(make: Make, context: MakeContext, target: Target) -> None:
    check = make(SequenceCheck, steps=[step("mute", "/slow", times=5, parallel=True, timeout="100ms")])
    observation = check.observe(context(target=target))
    assert observation.status is Status.FAIL
    assert "step mute" in observation.reason


def test_a_check_whose_time_is_used_up_asks_no_more(
    make: Make, context: MakeContext, target: Target, server: Answering
) -> None:
    observation = make(SequenceCheck, steps=[step("late")]).observe(context(target=target, timeout_s=0.0))
    assert observation.status is Status.FAIL
    assert "used up" in observation.reason
    assert server.seen == []


def test_a_captured_text_that_is_no_url_is_an_error(make: Make, context: MakeContext, target: Target) -> None:
    check = make(SequenceCheck, steps=[step("first", capture={"id": "json.id"}), step("second", "${steps.first.id}")])
    observation = check.observe(context(target=target))
    assert observation.status is Status.ERROR
    assert "step second" in observation.reason


def test_what_is_no_number_has_no_ratio(make: Make, context: MakeContext, target: Target) -> None:
    check = make(
        SequenceCheck,
        steps=[step("one")],
        compare={
            "text": {"ratio": ["one.json.id", "one.status"]},
            "zero": {"ratio": ["one.status", "one.image.count"]},
        },
    )
    seen = check.observe(context(target=target)).properties
    assert (seen["text"], seen["zero"]) == (None, None)


def test_a_wait_longer_than_the_check_may_take_is_an_error(make: Make, context: MakeContext, target: Target) -> None:
    check = make(SequenceCheck, steps=[step("first", wait="1h")])
    observation = check.observe(context(target=target, timeout_s=1.0))
    assert observation.status is Status.ERROR
    assert "timeout" in observation.reason


def test_a_wait_ends_when_the_run_is_stopped(make: Make, context: MakeContext, target: Target) -> None:
    stop = threading.Event()
    stop.set()
    observation = make(SequenceCheck, steps=[step("first", wait="10s")]).observe(context(target=target, stop=stop))
    assert observation.status is Status.ERROR
    assert "stopped while waiting" in observation.reason


def test_a_wait_is_waited(make: Make, context: MakeContext, target: Target) -> None:
    check = make(SequenceCheck, steps=[step("first", wait="20ms")], expect={"first.status": 200})
    assert judge(check, check.observe(context(target=target)))[0] is Status.PASS


def test_its_properties_are_its_steps_and_comparisons(make: Make) -> None:
    check = make(SequenceCheck, steps=[step("one")], compare={"same": {"same": ["one.status", "one.status"]}})
    assert check.observed_names() == {"one", "same"}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"steps": []}, "at least 1 item"),
        ({"steps": [step("one"), step("one")]}, "used twice"),
        ({"steps": [step("one")], "compare": {"one": {"same": ["one.status", "one.status"]}}}, "used twice"),
        ({"steps": [step("one")], "compare": {"c": {"same": ["one.status", "two.status"]}}}, "no property of a step"),
        ({"steps": [step("one")], "compare": {"c": {"same": ["one.status", "one"]}}}, "no property of a step"),
        ({"steps": [step("one-"), step("One")]}, "match pattern"),
        ({"steps": [step("one")], "compare": {"c": {}}}, "either `same"),
        ({"steps": [step("one", "/echo/${steps.two.id}")]}, "captured by no earlier step"),
        ({"steps": [step("one", capture={"id": "json.id"}), step("two", "/x/${steps.one.ids}")]}, "no earlier step"),
        ({"steps": [step("one", json=[{"id": "${steps.one.id}"}], capture={"id": "json.id"})]}, "no earlier step"),
    ],
)
def test_what_makes_no_sequence_is_refused_when_loaded(make: Make, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        make(SequenceCheck, **fields)
