"""What the simulated service was asked, kept in memory for the checks that read it."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

_REMEMBERED_CALLS = 5000
_REMEMBERED_CHARACTERS = 40_000

UNANSWERED = 0
"""The status of a call that gets no HTTP answer: its connection is reset or left hanging."""


@dataclass
class Call:
    """One call of `generateContent`. The prompt serves to find the call and is never shown.

    `thresholds` holds what the request said by category; `status` is UNANSWERED where no answer was sent.
    """

    model: str
    prompt: str = field(default="", repr=False)
    thresholds: Mapping[str, str] = field(default_factory=dict)
    aspect_ratio: str | None = None
    image_size: str | None = None
    image_parts: int = 0
    status: int = UNANSWERED
    finish_reason: str | None = None
    blocked: bool = False

    def shown(self) -> dict[str, object]:
        """The call without its prompt."""
        return {
            "model": self.model,
            "safety": dict(self.thresholds),
            "aspect_ratio": self.aspect_ratio,
            "image_size": self.image_size,
            "image_parts": self.image_parts,
            "status": self.status,
            "finish_reason": self.finish_reason,
        }


class Ledger:
    """Counts all calls since the start and remembers the last 5000, with the first 40 000 characters of each prompt."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=_REMEMBERED_CALLS)
        self._statuses: Counter[str] = Counter()
        self._blocked = 0

    def record(self, call: Call) -> None:
        """Add a call whose outcome is decided. It is there before the caller has its answer."""
        self._calls.append(replace(call, prompt=call.prompt[:_REMEMBERED_CHARACTERS]))
        self._statuses[str(call.status)] += 1
        self._blocked += call.blocked

    def totals(self) -> dict[str, object]:
        """The counts: `calls`, `by_status` and `blocked`."""
        return {"calls": self._statuses.total(), "by_status": dict(self._statuses), "blocked": self._blocked}

    def find(self, text: str) -> list[dict[str, object]]:
        """The remembered calls whose prompt contains `text`, oldest first; all of them for an empty text."""
        return [call.shown() for call in self._calls if text in call.prompt]
