"""What a drill tells while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class DrillEvent:
    """Something that happened in a drill; `facts` are JSON values."""

    name: Literal["preparing", "healthy_finished", "fault_started", "fault_finished"]
    facts: Mapping[str, Any] = field(default_factory=dict)


DrillListener = Callable[[DrillEvent], None]
