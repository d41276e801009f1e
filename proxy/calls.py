"""The latest upstream calls, kept in memory: what was really sent, without the prompt, and how it ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from proxy.gemini import UsageMetadata

KEPT = 1000
"""How many calls are remembered."""


@dataclass(frozen=True, slots=True)
class UpstreamCall:
    """One call.

    status  None where no answer came
    refused `input` where the prompt was refused, `output` where what came of it was; None where neither was
    after   the cause of the failure that it is tried again after; None for a first try
    """

    request_id: str
    model: str
    safety: dict[str, str]
    aspect_ratio: str | None
    image_size: str | None
    image_parts: int
    status: int | None
    finish_reason: str | None
    duration_ms: float
    refused: str | None = None
    after: str | None = None


Observer = Callable[[UpstreamCall, str | None, UsageMetadata | None], None]
"""Told of each call that ended, with its error's code or the tokens that it took."""


class CallRecord:
    """The latest calls, and how many there were and failed since the start. A refusal is not a failure."""

    def __init__(self, observers: Sequence[Observer] = ()) -> None:
        self._observers = tuple(observers)
        self._latest: deque[UpstreamCall] = deque(maxlen=KEPT)
        self.calls = 0
        self.failures = 0

    def add(
        self,
        sent: dict[str, Any],
        *,
        request_id: str,
        model: str,
        status: int | None,
        finish_reason: str | None,
        duration_ms: float,
        refused: str | None,
        after: str | None,
        error_code: str | None,
        usage: UsageMetadata | None,
    ) -> None:
        """Remember a call by the payload that was sent, and tell the observers how it ended."""
        image_config = sent["generationConfig"].get("imageConfig", {})
        parts = sent["contents"][0]["parts"]
        call = UpstreamCall(
            request_id=request_id,
            model=model,
            safety={setting["category"]: setting["threshold"] for setting in sent["safetySettings"]},
            aspect_ratio=image_config.get("aspectRatio"),
            image_size=image_config.get("imageSize"),
            image_parts=sum("inlineData" in part for part in parts),
            status=status,
            finish_reason=finish_reason,
            duration_ms=duration_ms,
            refused=refused,
            after=after,
        )
        self.calls += 1
        self._latest.append(call)
        for observe in self._observers:
            observe(call, error_code, usage)

    def of_request(self, request_id: str | None) -> list[dict[str, Any]]:
        """The remembered calls of one request, oldest first; of all requests for None."""
        return [asdict(call) for call in self._latest if request_id in (None, call.request_id)]
