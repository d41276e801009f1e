"""The kinds of check, found by entry point: built-in ones and plug-ins through the same door."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from checks.check import Check
from checks.errors import ConfigurationError, Problem

GROUP = "signoff.kinds"


@cache
def _registered() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def names() -> list[str]:
    """The names of all kinds, sorted."""
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
