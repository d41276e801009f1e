"""The kind `http`: one request, and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from checks.check import Check, Context
from checks.effects import Effect
from checks.http_exchange import Interrupted, NoAnswer, Unsendable
from checks.http_request import SHARE_OF_TIME, Request, send
from checks.http_response import RESPONSE_PROPERTIES
from checks.outcome import Observation, error, failed


class HttpCheck(Check, Request):
    """Send one request and observe the answer.

    ```yaml
    kind: http
    url: /v1/images/generations
    json: {prompt: a red kite, size: 1024x1024}
    expect: {status: 200, image.valid: true, headers.x-cache: miss, latency: {at_most: 5s}}
    ```
    """

    observes: ClassVar[Mapping[str, str]] = RESPONSE_PROPERTIES
    asks_target: ClassVar[bool] = True
    of_instances: ClassVar[bool] = True
    usual_effect: ClassVar[Effect] = "traffic"

    kind: Literal["http"]

    @property
    def acts(self) -> Effect:
        """Traffic, unless the method only reads."""
        return self.effect or ("read" if self.only_reads else self.usual_effect)

    def requests_sent(self) -> int:
        """One."""
        return 1

    def observe(self, context: Context) -> Observation:
        """Send it; no answer is a failure of the target, and so is another body where JSON is expected."""
        try:
            response = send(self, context, context.timeout_s * SHARE_OF_TIME)
        except NoAnswer as problem:
            return failed(str(problem), remedy="start the target, or correct target.url")
        except (Unsendable, Interrupted) as problem:
            return error(str(problem))
        asked = {key.partition(".")[0] for key in (*self.expect, *self.prefer)}
        properties = response.chosen(asked)
        evidence = response.evidence("response.json")
        if "json" in asked and response.parsed is None:
            return failed(f"status {response.status}, and the body is not JSON", evidence, **properties)
        return Observation(properties, (evidence,))
