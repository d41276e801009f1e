"""Quotas of calls, which belong to a project and a model: keys of one project share them."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from proxy.simulator.errors import Failure, over_quota

_MINUTE_S, _DAY_S = 60, 86_400
_PACIFIC_S = -8 * 3600
"""Days begin at midnight in California, in winter time all year."""
_DAY_DELAY_S = 29.0
"""What the service says of a day's quota: a short delay that helps nobody."""


@dataclass
class _Used:
    minute: int = 0
    in_minute: int = 0
    day: int = 0
    in_day: int = 0


class Quotas:
    """Counts the calls of each project and model; `clock` gives seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._used: dict[tuple[str, str], _Used] = {}
        self._lock = threading.Lock()

    def take(self, key: str, model: str, *, per_minute: int | None, per_day: int | None) -> Failure | None:
        """Count a call, or give the 429 that it gets instead; None stands for no quota.

        A key `PROJECT:REST` belongs to that project, another key to a project of its own.
        """
        now = self._clock()
        minute, day = int(now // _MINUTE_S), int((now + _PACIFIC_S) // _DAY_S)
        with self._lock:
            used = self._used.setdefault((key.partition(":")[0], model), _Used())
            if used.minute != minute:
                used.minute, used.in_minute = minute, 0
            if used.day != day:
                used.day, used.in_day = day, 0
            if per_day is not None and used.in_day >= per_day:
                return over_quota("Day", model, per_day, _DAY_DELAY_S)
            if per_minute is not None and used.in_minute >= per_minute:
                return over_quota("Minute", model, per_minute, (minute + 1) * _MINUTE_S - now)
            used.in_minute += 1
            used.in_day += 1
        return None
