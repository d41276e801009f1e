"""A reverse proxy stands between the service and what it calls; the service is started so that it calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from checks.drill.fault import Family
from checks.drill.mischief import Disturbance, Mischief
from checks.drill.outside.fault import Ground, OutsideFault
from checks.events import Event
from checks.run import Request

UNNOTICED = "no check made the service call through a drill's own port; see --upstream-port"


class Callers:
    """Which checks made the service call upstream, told by a run that makes one check after the other."""

    def __init__(self, upstream: Disturbance) -> None:
        self.found: set[str] = set()
        self._upstream = upstream
        self._before = 0

    def __call__(self, event: Event) -> None:
        """Count the calls between a check's beginning and its end."""
        if event.name == "check_started":
            self._before = self._upstream.calls
        elif event.name == "check_finished" and self._upstream.calls > self._before:
            self.found.add(event.facts["check"])
            self._before = self._upstream.calls


def _disturbed(**mischief: Any) -> Callable[[Ground], AbstractContextManager[Request]]:
    @contextmanager
    def changed(ground: Ground) -> Iterator[Request]:
        if ground.upstream is None:
            raise ValueError("nothing stands before upstream")
        ground.upstream.plan = Mischief.model_validate(mischief)
        try:
            yield ground.request
        finally:
            ground.upstream.plan = Mischief()

    return changed


def _calls(ground: Ground, check: str) -> bool:
    return check in ground.callers


FAULTS = (
    OutsideFault(
        id="upstream-fails",
        family=Family.UPSTREAM,
        breaks="What the service calls answers 503 to everything.",
        how="a reverse proxy before it answers so",
        notices=_calls,
        changed=_disturbed(status=503, body="{}"),
        unnoticed=UNNOTICED,
    ),
    OutsideFault(
        id="upstream-says-nothing",
        family=Family.UPSTREAM,
        breaks="What the service calls answers 200 with an empty object to everything.",
        how="a reverse proxy before it answers so",
        notices=_calls,
        changed=_disturbed(status=200, body="{}"),
        unnoticed=UNNOTICED,
    ),
    OutsideFault(
        id="upstream-breaks-off",
        family=Family.UPSTREAM,
        breaks="Every answer that the service gets ends before its end.",
        how="a reverse proxy before it cuts every answer in half",
        notices=_calls,
        changed=_disturbed(cut=0.5),
        unnoticed=UNNOTICED,
    ),
)
