"""Which faults are meant by their names and families."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from checks.drill.fault import Family
from checks.errors import ConfigurationError, Problem
from checks.explaining import suggestion


class Named(Protocol):
    """A fault of any catalogue."""

    @property
    def id(self) -> str:
        """Its name."""
        ...

    @property
    def family(self) -> Family:
        """What it is of."""
        ...

    @property
    def breaks(self) -> str:
        """What is broken, as a person would say it."""
        ...


AnyFault = TypeVar("AnyFault", bound=Named)


def chosen_of(faults: Sequence[AnyFault], ids: Sequence[str], families: Sequence[str]) -> tuple[AnyFault, ...]:
    """The faults that are named, or of a family that is; all, where nothing is named.

    Raises ConfigurationError for a name that is none, with the nearest.
    """
    problems = []
    for option, given, known in (
        ("--fault", ids, [fault.id for fault in faults]),
        ("--family", families, [family.value for family in Family]),
    ):
        for name in given:
            if name not in known:
                message = f"{option} {name}: no such thing{suggestion(name, known)}"
                problems.append(Problem("drill", None, None, message))
    if problems:
        raise ConfigurationError(problems)
    if not (ids or families):
        return tuple(faults)
    return tuple(fault for fault in faults if fault.id in ids or fault.family in families)
