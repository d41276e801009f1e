"""Looks at a place with the checklist, as `signoff run` does, and says how each check ended."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from checks.drill.outcome import SeenCheck
from checks.drill.place import Place
from checks.engine import Options
from checks.errors import ConfigurationError
from checks.events import Listener
from checks.loading import load
from checks.outcome import Status
from checks.planning import rows_of
from checks.run import Request, conduct

LINT = "lint"
"""Stands for the loader's own look: what it refuses is never run."""
SIDE_BY_SIDE = 6


def look(
    place: Place, checks: Sequence[str], values: Mapping[str, Any], stop: threading.Event, **known: Any
) -> tuple[SeenCheck, ...]:
    """Run these checks, and what they need, of the place's checklist; `known` is what `checks.run.Request` takes."""
    request = Request(
        checklist=place.source / "checklist.yaml",
        profile="reference",
        settings={**place.settings, **values},
        checks=tuple(checks),
        output=place.folder / "run",
        reference=True,
        **known,
    )
    seen = looked_at(request, stop, place.hear)
    if not stop.is_set():
        place.check_done()
    return seen


def looked_at(
    request: Request,
    stop: threading.Event,
    listener: Listener = lambda event: None,
    options: Options = Options(jobs=SIDE_BY_SIDE),  # noqa: B008 - frozen, and what most ask for
) -> tuple[SeenCheck, ...]:
    """How the checks of a run ended; a checklist that is refused is a check of its own that did not pass."""
    try:
        _, record = conduct(request, listener, options, stop)
    except (ConfigurationError, OSError) as refused:
        return (SeenCheck(id=LINT, status=Status.ERROR, reason=str(refused)[:500]),)
    return tuple(
        SeenCheck(id=result.id, status=result.status, reason=result.reason[:500])
        for result in record.checks
        if result.status not in {Status.NOT_SELECTED, Status.SCHEDULED, Status.NOT_APPLICABLE}
    )


def machine_checks(checklist: Path, values: Mapping[str, Any], profile: str | None) -> tuple[str, ...]:
    """The ids of the required checks that a machine looks at before the release is approved."""
    loaded = load(checklist, profile=profile, settings=values, environ={})
    return tuple(
        entry.id
        for entry in loaded.entries
        if entry.after is None
        and entry.header.required
        and not entry.header.trial
        and entry.header.not_applicable is None
        and entry.header.kind != "ask"
    )


def expanded(names: Iterable[str], ids: Sequence[str]) -> tuple[str, ...]:
    """Names with the base ids of rows replaced by the rows; a name that means nothing stays as it is."""
    return tuple(found for name in names for found in (rows_of(name, ids) or [name]))
