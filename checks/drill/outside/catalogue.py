"""Everything that can be done from outside, whatever is asked."""

from __future__ import annotations

from collections.abc import Sequence

from checks.drill.choosing import chosen_of
from checks.drill.outside import expectations, files, logs, service, upstream
from checks.drill.outside.fault import OutsideFault

OUTSIDE: tuple[OutsideFault, ...] = (
    *service.FAULTS,
    *upstream.FAULTS,
    *logs.FAULTS,
    *files.FAULTS,
    *expectations.FAULTS,
)


def chosen_outside(ids: Sequence[str], families: Sequence[str]) -> tuple[OutsideFault, ...]:
    """Those that are named, or of a family that is; all, where nothing is named.

    Raises ConfigurationError for a name that is none, with the nearest.
    """
    return chosen_of(OUTSIDE, ids, families)
