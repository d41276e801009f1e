"""The kinds of check, found by entry point: built-in ones and plug-ins through the same door."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from checks.check import Check
from checks.errors import ConfigurationError, Problem

GROUP = "signoff.kinds"


@cache
def _registered() -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUP):
        other = found.setdefault(entry.name, entry)
        if other.value != entry.value:
            message = f"the kind {entry.name!r} is there twice: {_origin(other)} and {_origin(entry)}"
            raise ConfigurationError([Problem(GROUP, None, None, f"{message}; remove one of the plug-ins")])
    return found


def _origin(entry: EntryPoint) -> str:
    return f"{entry.value} of {entry.dist.name}" if entry.dist is not None else entry.value


def names() -> list[str]:
    """The names of all kinds, sorted; raises ConfigurationError where two plug-ins give one name."""
    return sorted(_registered())


@cache
def find(name: str) -> type[Check]:
    """The class of the kind `name`.

    Raises KeyError where there is none, ConfigurationError where its plug-in cannot be imported.
    """
    entry = _registered()[name]
    try:
        found = entry.load()
    except Exception as cause:
        message = f"the kind {name!r} ({entry.value}) cannot be loaded: {cause}; reinstall or remove its plug-in"
        raise ConfigurationError([Problem(entry.value, None, None, message)]) from cause
    if not (isinstance(found, type) and issubclass(found, Check)):
        message = f"the kind {name!r} ({entry.value}) is not a subclass of checks.check.Check"
        raise ConfigurationError([Problem(entry.value, None, None, message)])
    return found


def asks_target(name: str | None) -> bool:
    """Whether what a kind sees counts only once the target is known to be the release; false of an unknown kind."""
    return name in _registered() and find(name).asks_target
