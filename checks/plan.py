"""A plan: what a run looks at, bound to its profile and its target, before anything is looked at."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from checks.binding import bind
from checks.check import Check
from checks.dependencies import Dependencies, dependencies_of
from checks.effects import refusals
from checks.entries import Entry, with_row
from checks.errors import ConfigurationError, Problem
from checks.identification import completed, identify
from checks.kinds.registry import asks_target
from checks.loading import Loaded
from checks.places import Place, from_root, places_of, target_names, with_logs
from checks.redaction import Redactor, looks_secret
from checks.run_folder import RunFolder
from checks.substitution import Names, Unset, references, substitute
from checks.target import Identity, Instance, Target


@dataclass(frozen=True)
class Plan:
    """What is run: bound checks, and for those that could not be bound since the target is silent, why not."""

    loaded: Loaded
    dependencies: Dependencies
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
    approved: datetime | None = None
    """When the release was approved, where it was."""
    is_of_reference: bool = False
    """Whether the target is the reference environment, made anew for each session."""

    def at(self, entry: Entry) -> tuple[Target, Identity, Instance | None]:
        """What a check looks at: the target, or one of its instances."""
        if entry.instance is None:
            return self.target, self.identity, None
        place = self.places[entry.instance]
        return place.target, place.identity, place.instance

    def awaits_approval(self, entry: Entry) -> bool:
        """Whether a check is not bound, since it is due only after an approval that there is not."""
        return _awaits_approval(entry, self.approved)

    @property
    def is_partial(self) -> bool:
        """Whether something of the checklist was left out by choice."""
        return len(self.selected) < len(self.loaded.entries)


def make_plan(
    loaded: Loaded,
    selected: frozenset[str],
    folder: RunFolder,
    *,
    approved: datetime | None,
    silent_because: str | None,
    of_reference: bool,
) -> Plan:
    """Ask the target what it is, then bind every selected check; raises ConfigurationError for what can't be bound."""
    target = completed(loaded.checklist.target) if silent_because is None else loaded.checklist.target
    asked = any(_asks_target(entry) for entry in loaded.entries if entry.id in selected)
    if silent_because is not None:
        identity = Identity(problem=silent_because)
    elif asked or target.reported:
        identity = identify(target)
    else:
        identity = Identity(problem="no selected check asks the target")
    names = loaded.names.extended({**target_names(target), **folder.names(), "run.python": sys.executable})
    values, _ = substitute(dict(loaded.values), names)
    names = names.extended(values)
    target = from_root(with_logs(target, names), loaded.path.resolve().parent)
    looks = any(entry.header.not_applicable is None for entry in loaded.entries if entry.id in selected)
    places, problems = places_of(loaded, target, names, [each.name for each in target.instances] if looks else [])
    checks: dict[str, Check] = {}
    unbound: dict[str, str] = {}
    for entry in loaded.entries:
        if entry.id not in selected or _awaits_approval(entry, approved):
            continue
        own = places[entry.instance].names if entry.instance in places else names
        check, found = bind(loaded, entry, own)
        if check is not None and not found:
            checks[entry.id] = check
        elif identity.problem and _only_awaits_target(loaded, entry, own):
            unbound[entry.id] = f"the target, which would report where its files are, is silent: {identity.problem}"
        else:
            problems += found
    if problems:
        raise ConfigurationError(problems)
    return Plan(
        loaded=loaded,
        dependencies=dependencies_of(loaded.entries),
        selected=selected,
        checks=checks,
        unbound=unbound,
        target=target,
        identity=identity,
        places=places,
        refused=refusals(checks, loaded.allowance),
        names=names,
        values=values,
        redactor=redactor_for(loaded, names, target),
        approved=approved,
        is_of_reference=of_reference,
    )


def _awaits_approval(entry: Entry, approved: datetime | None) -> bool:
    return entry.after is not None and entry.after.approval is not None and approved is None


def _asks_target(entry: Entry) -> bool:
    return entry.header.not_applicable is None and asks_target(entry.header.kind)


def _only_awaits_target(loaded: Loaded, entry: Entry, names: Names) -> bool:
    """Whether all that is missing is what the target would report."""
    _, missing = substitute(dict(entry.raw), with_row(names, entry.row))
    reported = {f"target.{name}" for name in loaded.checklist.target.reported}
    return bool(missing) and {hole.name for hole in missing} <= reported


def redactor_for(loaded: Loaded, names: Names, target: Target) -> Redactor:
    """Knows every secret that the checks and the target were given, and those that the rollback's steps will be."""
    for name in references(loaded.checklist.rollback.model_dump(include={"procedure", "notify"}, mode="json")):
        with suppress(Unset):
            names.get(name)
    try:
        return Redactor(_secrets(names, target))
    except ValueError as cause:
        raise ConfigurationError([Problem(str(loaded.path), None, None, str(cause))]) from cause


def _secrets(names: Names, target: Target) -> dict[str, str]:
    secrets = dict(names.secrets)
    for name in ("api_key", "other_api_key"):
        if key := getattr(target, name):
            secrets.setdefault(f"target.{name}", key)
    return {name: value for name, value in secrets.items() if looks_secret(name) or len(value) >= MIN_REDACTED}


MIN_REDACTED = 4
"""Values that came from the environment and are shorter would redact half the report."""
