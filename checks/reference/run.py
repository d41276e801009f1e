"""A run against the reference environment: started before it, stopped after it, whatever happens."""

from __future__ import annotations

import threading
from dataclasses import replace

from checks.engine import Options
from checks.errors import ConfigurationError
from checks.events import Listener
from checks.linting import problems_of
from checks.loading import load
from checks.outcome import RunRecord
from checks.planning import select
from checks.reference.environment import Variant, reference
from checks.reference.installation import source_tree
from checks.run import Request, conduct
from checks.run_folder import RunFolder


def conduct_against_reference(
    request: Request, listener: Listener, options: Options, stop: threading.Event, variant: Variant | None = None
) -> tuple[RunFolder, RunRecord]:
    """As `conduct`, with the target's fields set to the reference's; the caller's `--set` wins."""
    loaded = load(request.checklist, profile=request.profile, settings=request.settings, environ=request.environ)
    problems = problems_of(loaded)
    if problems:
        raise ConfigurationError(problems)
    select(loaded, stages=request.stages, tags=request.tags, checks=request.checks)
    source = source_tree(request.checklist.resolve().parent)
    with reference(source, loaded.values, request.environ, listener, stop, variant or Variant()) as started:
        settings = {**started.settings, **request.settings}
        against = replace(
            request, settings=settings, silent_because=started.problem, build=started.build, reference=True
        )
        return conduct(against, listener, options, stop)
