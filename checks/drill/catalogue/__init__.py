"""The faults: one YAML file a family, and which checks are looked at for each site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import yaml
from pydantic import TypeAdapter

from checks.drill.choosing import chosen_of
from checks.drill.fault import Family, Fault

FOLDER = Path(__file__).parent


@cache
def faults() -> tuple[Fault, ...]:
    """Every fault, family by family, each id once."""
    reader = TypeAdapter(tuple[Fault, ...])
    found: list[Fault] = []
    for family in Family:
        for path in sorted(FOLDER.glob(f"{family}*.yaml")):
            listed = yaml.safe_load(path.read_text(encoding="utf-8"))
            found += reader.validate_python([{"family": family, **each} for each in listed])
    twice = {fault.id for fault in found if sum(other.id == fault.id for other in found) > 1}
    if twice:
        raise ValueError(f"the catalogue has these faults twice: {', '.join(sorted(twice))}")
    return tuple(found)


@cache
def watched() -> Mapping[str, tuple[str, ...]]:
    """The checks that are looked at besides a fault's own, by site; those that are not its own must stay quiet."""
    return TypeAdapter(Mapping[str, tuple[str, ...]]).validate_python(
        yaml.safe_load((FOLDER / "watched.yaml").read_text(encoding="utf-8"))
    )


def chosen(ids: Sequence[str], families: Sequence[str]) -> tuple[Fault, ...]:
    """The faults that are named, or of a family that is; all, where nothing is named.

    Raises ConfigurationError for a name that is none, with the nearest.
    """
    return chosen_of(faults(), ids, families)
