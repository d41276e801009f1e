"""The kind `traffic`: how a service bears a bounded load. What it sends is labelled synthetic."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from checks.check import Check, Context
from checks.effects import Effect
from checks.http_exchange import Interrupted, Unsendable
from checks.http_request import SHARE_OF_TIME, Request, prepare, trust_of
from checks.load import Pace, Sample, load
from checks.outcome import Evidence, Observation, error, failed
from checks.times import Seconds
from checks.units import Dimension, Quantity

if TYPE_CHECKING:
    import httpx

QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
FIRST_ERROR_STATUS = 400


class TrafficCheck(Check, Request):
    """Send many requests, by clients that wait for their answers or at a steady rate, and measure.

    ```yaml
    kind: traffic
    url: /v1/images/generations
    json: {prompt: a red kite}
    vary: prompt
    requests: 200
    rate: 100
    expect: {errors.rate: {at_most: 1%}, latency.p95: {at_most: 2s}, requests: 200}
    ```
    """

    observes: ClassVar[Mapping[str, str]] = {
        "requests": "how many were sent",
        "answered": "how many had an answer below status 400; latency is of these",
        "errors": "count; rate, a ratio; kinds: how many of each status, or without an answer",
        "latency": "p50, p90, p95, p99, mean and max in seconds to the last byte; at a rate, from when it was due; "
        "a quantile is null where fewer answers than 1 / (1 - quantile) stand for it",
        "throughput": "answers below status 400 a second",
        "delay": "seconds that the latest request was sent after it was due: how far we could not keep the rate",
        "duration": "seconds from the first request to the last answer",
        "synthetic": "all: requests to the target carry `x-synthetic: true`",
    }
    asks_target: ClassVar[bool] = True
    of_instances: ClassVar[bool] = True
    slow: ClassVar[bool] = True
    usual_effect: ClassVar[Effect] = "traffic"

    kind: Literal["traffic"]
    requests: int = Field(ge=1, le=100_000, description="At most so many.")
    clients: int | None = Field(
        default=None, ge=1, le=500, description="So many clients, each sending its next when it has an answer."
    )
    rate: float | None = Field(default=None, gt=0, le=1000, description="Or so many a second, answers or not.")
    duration: Seconds | None = Field(default=None, gt=0, description="Nothing is sent after that.")
    patience: Seconds = Field(default=30.0, gt=0, description="How long one answer is waited for.")
    vary: str | None = Field(default=None, description="A text of `json` to which a number is added, so all differ.")
    distinct: int | None = Field(default=None, ge=1, description="So many different ones, in turn. Default: all.")

    @model_validator(mode="after")
    def _one_pace(self) -> Self:
        if (self.clients is None) == (self.rate is None):
            raise ValueError("give `clients`, who wait for their answers, or `rate`, so many requests a second")
        body = self.json_
        if self.vary is not None and not (isinstance(body, dict) and isinstance(body.get(self.vary), str)):
            raise ValueError(f"`vary` names a text of `json`, and {self.vary!r} is none")
        if self.distinct is not None and self.vary is None:
            raise ValueError("`distinct` is of what `vary` varies, which is missing")
        return self

    def requests_sent(self) -> int:
        """At most `requests`."""
        return self.requests

    def observe(self, context: Context) -> Observation:
        """Send them; a service that answers none, or too slowly for the check's time, has failed."""
        within = context.timeout_s * SHARE_OF_TIME
        sending = min(self.duration or within, within)
        patience = min(self.patience, max(within - sending, within * 0.2))
        begun = time.monotonic()
        try:
            prepared = self._prepared(context)
            samples = load(
                prepared, Pace(self.clients, self.rate, sending, patience), context.stop, trust_of(self, context)
            )
        except (Unsendable, Interrupted) as problem:
            return error(str(problem))
        seen = _seen(samples, time.monotonic() - begun)
        evidence = Evidence("traffic.json", json.dumps(_told(samples), indent=1).encode())
        if self.duration is None and len(samples) < self.requests:
            return error(
                f"{len(samples)} of {self.requests} requests could be sent in {sending:.3g} s", evidence, **seen
            )
        if not seen["answered"]:
            why = next((each.problem for each in samples if each.problem), f"statuses {seen['errors']['kinds']}")
            return failed(f"none of {len(samples)} requests was answered well: {why}", evidence, **seen)
        return Observation(seen, (evidence,), reason=f"{len(samples)} synthetic requests")

    def _prepared(self, context: Context) -> list[httpx.Request]:
        if self.vary is None:
            return [prepare(self, context)] * self.requests
        body, name = dict(self.json_), self.vary
        different = [
            prepare(self.model_copy(update={"json_": body | {name: f"{body[name]} {number}"}}), context)
            for number in range(1, min(self.distinct or self.requests, self.requests) + 1)
        ]
        return [different[number % len(different)] for number in range(self.requests)]


def _seen(samples: Sequence[Sample], duration_s: float) -> dict[str, Any]:
    good = sorted(each.latency_s for each in samples if each.status is not None and each.status < FIRST_ERROR_STATUS)
    kinds = Counter(
        "no answer" if each.status is None else str(each.status)
        for each in samples
        if each.status is None or each.status >= FIRST_ERROR_STATUS
    )
    latency = {name: quantile(good, share) for name, share in QUANTILES.items()}
    latency |= {"mean": sum(good) / len(good) if good else None, "max": good[-1] if good else None}
    failures = len(samples) - len(good)
    return {
        "requests": len(samples),
        "answered": len(good),
        "errors": {
            "count": failures,
            "rate": Quantity(failures / len(samples), Dimension.RATIO) if samples else None,
            "kinds": dict(sorted(kinds.items())),
        },
        "latency": {name: None if each is None else Quantity(each, Dimension.TIME) for name, each in latency.items()},
        "throughput": len(good) / duration_s if duration_s > 0 else None,
        "delay": Quantity(max((each.delay_s for each in samples), default=0.0), Dimension.TIME),
        "duration": Quantity(duration_s, Dimension.TIME),
        "synthetic": "all",
    }


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that at least a share of them does not exceed (nearest rank).

    None where fewer than 1 / (1 - share) values stand for it: the one above would be missing.
    """
    if len(ordered) * (1 - share) < 1 - 1e-9:
        return None
    return ordered[math.ceil(share * len(ordered) - 1e-9) - 1]


def _told(samples: Sequence[Sample]) -> dict[str, Any]:
    problems = Counter(each.problem for each in samples if each.problem)
    statuses = Counter(each.status for each in samples if each.status is not None)
    return {
        "statuses": {str(status): count for status, count in sorted(statuses.items())},
        "problems": dict(problems.most_common(20)),
        "latency_s": [round(each.latency_s, 6) for each in samples[:10_000]],
    }
