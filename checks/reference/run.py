"""A run against the reference environment: started before it, stopped after it, whatever happens."""

from __future__ import annotations

import threading
from dataclasses import replace

from checks.engine import Options
from checks.events import Listener
from checks.outcome import RunRecord
from checks.reference.environment import Variant, reference
from checks.reference.installation import source_tree
from checks.run import Request, conduct, prepared
from checks.run_folder import RunFolder


def conduct_against_reference(
    request: Request, listener: Listener, options: Options, stop: threading.Event, variant: Variant | None = None
) -> tuple[RunFolder, RunRecord]:
    """As `conduct`, with the target's fields set to the reference's; the caller's `--set` wins."""
    loaded, _ = prepared(request)
    source = source_tree(request.checklist.resolve().parent)
    with reference(source, loaded, request.environ, listener, stop, variant or Variant()) as started:
        against = replace(
            request,
            provided=started.settings,
            silent_because=started.problem,
            build=started.build,
            reference=True,
        )
        return conduct(against, listener, options, stop)
