"""What a run is about to do: bound checks, the target and its instances, and the names that stand for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checks.check import Check
from checks.entries import Entry
from checks.loading import Loaded
from checks.places import Place
from checks.redaction import Redactor
from checks.substitution import Names
from checks.target import Identity, Instance, Target


@dataclass(frozen=True)
class Plan:
    """What is run: bound checks, and for those that could not be bound since the target is silent, why not."""

    loaded: Loaded
    selected: frozenset[str]
    checks: Mapping[str, Check]
    unbound: Mapping[str, str]
    target: Target
    identity: Identity
    places: Mapping[str, Place]
    """The target's instances, by name."""
    refused: Mapping[str, str]
    """Checks whose effect the profile does not allow, and why."""
    names: Names
    values: Mapping[str, Any]
    redactor: Redactor

    def at(self, entry: Entry) -> tuple[Target, Identity, Instance | None]:
        """What a check looks at: the target, or one of its instances."""
        if entry.instance is None:
            return self.target, self.identity, None
        place = self.places[entry.instance]
        return place.target, place.identity, place.instance

    @property
    def is_partial(self) -> bool:
        """Whether something of the checklist was left out by choice."""
        return len(self.selected) < len(self.loaded.entries)
