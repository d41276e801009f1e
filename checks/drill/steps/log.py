"""Steps on the proxy's log: a ledger of requests written as the proxy writes them, and what befalls a file."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field

from checks.drill.place import Place
from checks.drill.steps.step import Step

LOG = "home/logs/image-proxy.jsonl"
WANTED = ("image_request", "miss", 200)
"""Event, cache and status of the request that others are written like."""


class Ledger(Step):
    """Write the log of so many requests in the place of the log, each like one that the proxy has written itself.

    Shares are of all requests; outcomes are spread evenly over the span, which ends `ago_s` before now.
    """

    requests: int = Field(default=240, ge=1, le=100_000)
    hits: float = Field(default=0.5, ge=0, le=1)
    failed: float = Field(default=0.0, ge=0, le=1)
    refused: float = Field(default=0.05, ge=0, le=1)
    cache_errors: float = Field(default=0.0, ge=0, le=1)
    generation_ms: float = 300.0
    hit_ms: float = 2.0
    slower_later: float = Field(default=1.0, description="How many times as long generations take in the second half.")
    failing_later: bool = Field(default=False, description="Failures stand in the second half only.")
    span_s: float = Field(default=120.0, gt=0)
    ago_s: float = 1.0
    path: str = LOG
    append: bool = False
    fields: dict[str, Any] = Field(default_factory=dict, description="Fields of every event, over what they were.")
    without: tuple[str, ...] = Field(default=(), description="Fields that no event has.")

    def apply(self, place: Place) -> None:
        """Write it; raises ValueError where the log has no request to take after."""
        like = _like(place)
        end = datetime.now(UTC) - timedelta(seconds=self.ago_s)
        lines = []
        for number in range(self.requests):
            share = (number + 1) / self.requests
            at = end - timedelta(seconds=self.span_s * (1 - share))
            event = {**like, **self._outcome(number), "ts": f"{at:%Y-%m-%dT%H:%M:%S.%f}Z", **self.fields}
            event["request_id"] = f"drill-{number}"
            lines.append(json.dumps({name: value for name, value in event.items() if name not in self.without}))
        path = place.path(self.path)
        before = path.read_text() if self.append and path.exists() else ""
        path.write_text(before + "".join(f"{line}\n" for line in lines), encoding="utf-8")

    def _outcome(self, number: int) -> dict[str, Any]:
        """What became of a request: the shares are dealt out in turn, like cards."""
        late = number >= self.requests / 2
        took = self.generation_ms * (self.slower_later if late else 1.0)
        generated = {"generation_time_ms": took, "duration_ms": took + 5}
        failed = self.failed * (2 if self.failing_later else 1) if late or not self.failing_later else 0.0
        if _dealt(number, failed):
            error = {"status": 502, "error_type": "API_ERROR", "error_code": "upstream_error", "level": "ERROR"}
            return {"cache": "miss", **generated, **error}
        if _dealt(number, self.refused, 1):
            error = {"status": 400, "error_type": "SAFETY_REFUSAL", "error_code": "moderation_blocked"}
            return {"cache": "miss", **generated, **error}
        if _dealt(number, self.cache_errors, 2):
            return {"cache": "error", **generated}
        if _dealt(number, self.hits, 3):
            return {"cache": "hit", "generation_time_ms": None, "duration_ms": self.hit_ms, "account": None}
        return {"cache": "miss", **generated}


def _dealt(number: int, share: float, salt: int = 0) -> bool:
    """Whether the share falls on this number: evenly, and not in step with the other shares."""
    place = (number * 0.6180339887498949 + salt * 0.318309886) % 1.0
    return place < share


def _like(place: Place) -> dict[str, Any]:
    for line in place.path(LOG).read_text(encoding="utf-8").splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and (event.get("event"), event.get("cache"), event.get("status")) == WANTED:
            return event
    raise ValueError(f"{LOG} has no request that was answered, to write others like it")


class Double(Step):
    """Have every line of a file in it twice, as a collector does that starts anew."""

    path: str = LOG

    def apply(self, place: Place) -> None:
        """Write the content a second time at the end."""
        path = place.path(self.path)
        path.write_bytes(path.read_bytes() * 2)


class Garble(Step):
    """Make lines of the log unreadable, as a writer in another encoding does."""

    every: int = Field(ge=1, description="Each so many-th line.")
    path: str = LOG

    def apply(self, place: Place) -> None:
        """Invert their bytes."""
        path = place.path(self.path)
        lines = path.read_bytes().splitlines()
        for number in range(self.every - 1, len(lines), self.every):
            lines[number] = bytes(byte ^ 0xFF for byte in lines[number])
        path.write_bytes(b"".join(line + b"\n" for line in lines))


class Rotate(Step):
    """Rotate the log as another program would: renamed, and an empty file in its place."""

    path: str = LOG
    to: str = f"{LOG}.1"

    def apply(self, place: Place) -> None:
        """Move it."""
        path = place.path(self.path)
        path.rename(place.path(self.to))
        path.touch(mode=0o600)


class Shift(Step):
    """Move the times of events in the log, as of a machine whose clock is wrong, or is set."""

    seconds: float
    after: float = Field(default=0.0, ge=0, lt=1, description="Only of the events that follow this share of the log.")
    path: str = LOG

    def apply(self, place: Place) -> None:
        """Rewrite their `ts`."""
        path = place.path(self.path)
        whole = path.read_text(encoding="utf-8").splitlines()
        first = int(len(whole) * self.after)
        lines = whole[:first]
        for line in whole[first:]:
            event = json.loads(line)
            at = datetime.fromisoformat(event["ts"]) + timedelta(seconds=self.seconds)
            lines.append(json.dumps({**event, "ts": f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"}))
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


class DamagedGzip(Step):
    """A rotated log whose compression was cut off in the middle."""

    path: str
    source: str = LOG

    def apply(self, place: Place) -> None:
        """Write half of it."""
        whole = gzip.compress(place.path(self.source).read_bytes())
        place.path(self.path).write_bytes(whole[: len(whole) // 2])


LOG_STEPS: dict[str, type[Step]] = {
    "ledger": Ledger,
    "double": Double,
    "garble": Garble,
    "rotate": Rotate,
    "shift": Shift,
    "damaged_gzip": DamagedGzip,
}
