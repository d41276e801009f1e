"""What a run tells while it goes on; a terminal shows it, `--json` prints it a line an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

EventName = Literal[
    "run_started", "preparing", "stage_started", "check_started", "check_finished", "stage_finished", "run_finished"
]


@dataclass(frozen=True)
class Event:
    """Something that happened in a run; `facts` are JSON values."""

    name: EventName
    facts: Mapping[str, Any] = field(default_factory=dict)


Listener = Callable[[Event], None]
