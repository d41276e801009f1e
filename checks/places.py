"""The instances of the target as a run finds them: what each says it is, and the names its checks may use."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.errors import Problem
from checks.identification import identify
from checks.loading import Loaded
from checks.substitution import Names, substitute
from checks.target import Identity, Instance, Target
from checks.unset_names import unset

NAMED = ("url", "api_key", "other_api_key", "data_dir", "upstream", "executable", "artifact")
"""The fields of a target that `${target.…}` may name."""


@dataclass(frozen=True)
class Place:
    """One instance: the target as it is there, what it says it is, and `${…}` for its checks."""

    instance: Instance
    target: Target
    identity: Identity
    names: Names


def target_names(target: Target) -> dict[str, Any]:
    """What `${target.…}` may name of a target."""
    return {f"target.{name}": value for name in NAMED if (value := getattr(target, name)) is not None}


def with_logs(target: Target, names: Names) -> Target:
    """Give the target with its log paths resolved; a path whose names are not set is left out."""
    resolved = (substitute(path, names) for path in target.logs.paths)
    paths = tuple(str(path) for path, missing in resolved if not missing)
    return target.model_copy(update={"logs": target.logs.model_copy(update={"paths": paths})})


def from_root(target: Target, root: Path) -> Target:
    """Give the target with log paths that are relative starting at `root`, the checklist's folder."""
    paths = tuple(str(root / Path(path).expanduser()) for path in target.logs.paths)
    return target.model_copy(update={"logs": target.logs.model_copy(update={"paths": paths})})


def places_of(
    loaded: Loaded, target: Target, names: Names, used: Collection[str]
) -> tuple[dict[str, Place], list[Problem]]:
    """Ask the instances in `used` what they are, all at once; and name what is not set of theirs."""
    problems: list[Problem] = []
    wanted = [each for each in target.instances if each.name in used]
    for place, instance in enumerate(target.instances):
        if instance.name in used:
            fields = instance.model_dump(exclude={"logs"}, exclude_none=True)
            problems += unset(loaded.document, substitute(fields, names, ("target", "instances", place))[1])
    if problems or not wanted:
        return {}, problems
    with ThreadPoolExecutor(len(wanted), thread_name_prefix="identify") as threads:
        identities = list(threads.map(lambda each: identify(target.at(each)), wanted))
    return {
        instance.name: _place(instance, target.at(instance), identity, names)
        for instance, identity in zip(wanted, identities, strict=True)
    }, problems


def _place(instance: Instance, target: Target, identity: Identity, names: Names) -> Place:
    own = names.extended(
        {f"target.{name}": getattr(target, name) for name in NAMED} | {"target.instance": instance.name}
    )
    return Place(instance, with_logs(target, own), identity, own)


def disagreements(places: Mapping[str, Place]) -> tuple[str, ...]:
    """Why nothing that is true of one instance need be true of another: one is silent, or they are not the same."""
    asked = {name: place.identity for name, place in places.items() if place.target.url is not None}
    found = [
        f"the instance {name} cannot be reached: {identity.problem}"
        for name, identity in asked.items()
        if identity.problem
    ]
    for what in ("version", "build"):
        told = {name: getattr(identity, what) for name, identity in asked.items() if not identity.problem}
        if len(set(told.values())) > 1:
            each = ", ".join(f"{name} {value or 'unknown'}" for name, value in told.items())
            found.append(f"the instances are of different {what}s: {each}")
    return tuple(found)
