"""The kind `sequence`: requests one after the other, what later ones take from earlier ones, and comparisons."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote

from pydantic import Field, model_validator

from checks.check import Check, Context
from checks.effects import Effect
from checks.http_exchange import Interrupted, NoAnswer, Unsendable
from checks.http_request import SHARE_OF_TIME, Request, send, send_together
from checks.http_response import RESPONSE_PROPERTIES, WHEN_ASKED, Response
from checks.observed import look_up
from checks.outcome import Evidence, Observation, error, failed
from checks.step_comparison import Comparison
from checks.times import Seconds

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=40)]

MAX_CAPTURED = 2048
"""Longest text that a step may hand on."""
_CAPTURED = re.compile(r"\$\{steps\.([^.{}]+)\.([^.{}]+)\}")


class Step(Request):
    """One request of a sequence, sent once or several times."""

    name: Name = Field(description="Its answer is the property of this name.")
    wait: Seconds = Field(default=0.0, description="How long to wait before it is sent.")
    times: int = Field(default=1, ge=1, le=200, description="How often the same request is sent.")
    parallel: bool = Field(default=False, description="Whether those are under way at once.")
    timeout: Seconds | None = Field(default=None, description="For each answer; the check's own holds besides.")
    capture: Mapping[Name, str] = Field(
        default_factory=dict, description="Name to a path: headers.x-request-id, json.id."
    )


class SequenceCheck(Check):
    """Send requests in order and observe each answer, and how the answers compare.

    ```yaml
    kind: sequence
    steps:
      - {name: first, url: /v1/images/generations, json: {prompt: a red kite}, capture: {id: headers.x-request-id}}
      - {name: second, url: /v1/images/generations, json: {prompt: a red kite}}
      - {name: third, url: "/healthz?after=${steps.first.id}"}
    compare:
      identical: {same: [first.image.sha256, second.image.sha256]}
      speed-up: {ratio: [first.latency, second.latency]}
    expect: {second.headers.x-cache: hit, identical: true, speed-up: {above: 2}}
    ```
    """

    observes: ClassVar[Mapping[str, str]] = {
        "STEP": f"the step's answer: {', '.join(RESPONSE_PROPERTIES)}; no `status` where repeats differ in it",
        "STEP.statuses": "the status of each repeat",
        "STEP.distinct_bodies": "how many different bodies the repeats had",
        "STEP.captured": "what later steps may use",
        "COMPARISON": "true or false of `same`, a number of `ratio`; null where either side is unknown",
    }
    asks_target: ClassVar[bool] = True
    of_instances: ClassVar[bool] = True
    usual_effect: ClassVar[Effect] = "traffic"

    kind: Literal["sequence"]
    steps: tuple[Step, ...] = Field(min_length=1, max_length=50)
    compare: Mapping[Name, Comparison] = Field(
        default_factory=dict, description="Name to `same` or `ratio` of two paths."
    )

    @model_validator(mode="after")
    def _names_known(self) -> SequenceCheck:
        names = [step.name for step in self.steps]
        if len({*names, *self.compare}) != len(names) + len(self.compare):
            raise ValueError("steps and comparisons share one space of names, and one is used twice")
        for name, comparison in self.compare.items():
            for operand in comparison.operands:
                if operand.partition(".")[0] not in names or "." not in operand:
                    raise ValueError(f"{name}: {operand!r} is no property of a step; steps are {', '.join(names)}")
        captured: set[tuple[str, str]] = set()
        for step in self.steps:
            for reference in _references(_variable_parts(step)):
                if reference not in captured:
                    raise ValueError(f"{step.name}: ${{steps.{'.'.join(reference)}}} is captured by no earlier step")
            captured |= {(step.name, name) for name in step.capture}
        return self

    @property
    def acts(self) -> Effect:
        """Traffic, unless every step only reads."""
        return self.effect or ("read" if all(step.only_reads for step in self.steps) else self.usual_effect)

    def requests_sent(self) -> int:
        """Those of every step."""
        return sum(step.times for step in self.steps)

    def observed_names(self) -> frozenset[str]:
        """The names of its steps and comparisons."""
        return frozenset({*(step.name for step in self.steps), *self.compare})

    def observe(self, context: Context) -> Observation:
        """Take each step in turn; the first that gets no answer ends it as a failure of the target."""
        deadline = time.monotonic() + context.timeout_s * SHARE_OF_TIME
        whole: dict[str, dict[str, Any]] = {}
        evidence: list[Evidence] = []
        for step in self.steps:
            try:
                responses = _take(step, whole, context, deadline)
                whole[step.name] = _answered(responses)
                evidence.append(responses[-1].evidence(f"{step.name}.json"))
                whole[step.name]["captured"] = _captures(step, whole[step.name])
            except NoAnswer as problem:
                return failed(f"step {step.name}: {problem}", *evidence, **self._reported(whole))
            except (Unsendable, Interrupted) as problem:
                return error(f"step {step.name}: {problem}", *evidence, **self._reported(whole))
        compared = {name: comparison.of(whole) for name, comparison in self.compare.items()}
        return Observation({**self._reported(whole), **compared}, tuple(evidence))

    def _reported(self, whole: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """The steps' answers, with `json` and `body` only where they are expected; the evidence has them."""
        asked = {tuple(key.split(".")[:2]) for key in (*self.expect, *self.prefer)}
        return {
            step: {name: value for name, value in answer.items() if name not in WHEN_ASKED or (step, name) in asked}
            for step, answer in whole.items()
        }


def _take(step: Step, whole: Mapping[str, Any], context: Context, deadline: float) -> list[Response]:
    if 0 < step.wait >= deadline - time.monotonic():
        raise Unsendable(f"waiting {step.wait:g} s takes longer than the check may; give it a longer `timeout`")
    if context.stop.wait(step.wait):
        raise Interrupted("stopped while waiting")
    request = _filled_in(step, {name: answer["captured"] for name, answer in whole.items()})

    def left() -> float:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise NoAnswer("the time of the check was used up before it was sent")
        return min(remaining, step.timeout or remaining)

    if step.parallel:
        return send_together(request, context, left(), step.times)
    return [send(request, context, left()) for _ in range(step.times)]


def _answered(responses: list[Response]) -> dict[str, Any]:
    """The last answer, and all statuses; where those differ there is no one `status` to compare."""
    statuses = [response.status for response in responses]
    last = {name: value for name, value in responses[-1].properties.items() if name != "status"}
    return {
        **({"status": statuses[0]} if len(set(statuses)) == 1 else {}),
        **last,
        "statuses": statuses,
        "distinct_bodies": len({response.sha256 for response in responses}),
    }


def _captures(step: Step, answer: Mapping[str, Any]) -> dict[str, str]:
    captured = {}
    for name, path in step.capture.items():
        found = look_up(answer, path)
        if not isinstance(found, (str, int, float, bool)) or len(str(found)) > MAX_CAPTURED:
            raise NoAnswer(f"the answer (status {answer['statuses'][-1]}) has no short value at {path} to hand on")
        captured[name] = str(found)
    return captured


def _variable_parts(step: Step) -> dict[str, Any]:
    return {"url": step.url, "headers": dict(step.headers), "json": step.json_}


def _references(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _references(inner)
    elif isinstance(value, str):
        yield from _CAPTURED.findall(value)


def _filled_in(step: Step, captured: Mapping[str, Mapping[str, str]]) -> Request:
    """The step's request with what earlier steps captured; inside a URL it is percent-encoded."""
    whole_url = _CAPTURED.fullmatch(step.url)
    url = (
        captured[whole_url[1]][whole_url[2]]
        if whole_url
        else _CAPTURED.sub(lambda found: quote(captured[found[1]][found[2]], safe=""), step.url)
    )
    try:
        return Request.model_validate(
            {
                "url": url,
                "method": step.method,
                "headers": _filled(dict(step.headers), captured),
                "json": _filled(step.json_, captured),
                "multipart": step.multipart,
                "auth": step.auth,
                "tls": step.tls,
            }
        )
    except ValueError as problem:
        raise Unsendable(f"what was captured makes no request: {problem}") from problem


def _filled(value: Any, captured: Mapping[str, Mapping[str, str]]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, captured) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, captured) for inner in value]
    if isinstance(value, str):
        return _CAPTURED.sub(lambda found: captured[found[1]][found[2]], value)
    return value
