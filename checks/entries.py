"""Checks as they are written: what each hangs on, before it is bound; each row of `each` is one of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from checks.after import After, Due
from checks.check import Covers
from checks.checklist import Checklist
from checks.errors import Problem
from checks.explaining import explain, problem_at, suggestion
from checks.kinds.registry import asks_target
from checks.substitution import Names, substitute
from checks.target import Target
from checks.yaml_reader import Document


class Header(BaseModel):
    """What must be known of a check before it is bound: its id and what it hangs on."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    title: str = ""
    kind: str | None = None
    covers: Covers = ()
    tags: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    after: Due | None = None
    exclusive: str | None = None
    required: bool = True
    trial: bool = False
    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    at_least: Mapping[str, Any] = Field(default_factory=dict)
    not_applicable: str | None = None
    instances: Literal["all"] | tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """The checks that a rollup is made of."""
        quorum = self.at_least.get("of")
        named = [name for name in quorum if isinstance(name, str)] if isinstance(quorum, list) else []
        return (*self.all_of, *self.any_of, *named)


@dataclass(frozen=True)
class Entry:
    """One check as written, or one row of its `each`."""

    header: Header
    stage: str
    after: After | None
    """When it is due, by itself or as its stage; None where it is due at once."""
    raw: Mapping[str, Any] = field(repr=False)
    path: tuple[str | int, ...]
    row: Mapping[str, Any]
    instance: str | None = None
    """The instance of the target that it is of."""

    @property
    def id(self) -> str:
        """The id, with the row's in brackets."""
        return self.header.id


def with_row(names: Names, row: Mapping[str, Any]) -> Names:
    """The names, and `each.…` for the values of a row."""
    values, _ = substitute(dict(row), names)
    return names.extended({f"each.{name}": value for name, value in values.items()})


def take_checks(raw: dict[str, Any]) -> list[list[Any]]:
    """Take the checks out of the stages of `raw`: they are bound one by one."""
    taken = []
    stages = raw.get("stages")
    if isinstance(stages, list):
        raw["stages"] = [dict(stage) if isinstance(stage, dict) else stage for stage in stages]
        for stage in raw["stages"]:
            checks = stage.pop("checks", []) if isinstance(stage, dict) else []
            taken.append(checks if isinstance(checks, list) else [checks])
    return taken


def read_entries(
    document: Document, checklist: Checklist, checks: list[list[Any]], names: Names
) -> tuple[tuple[Entry, ...], list[Problem]]:
    """Every check of the stages as an entry, in the file's order, and what is wrong with the others.

    `checks` holds, for each stage, what stands under its `checks`. When a check is due may be given by `names`.
    """
    entries: list[Entry] = []
    problems: list[Problem] = []
    for index, (stage, listed) in enumerate(zip(checklist.stages, checks, strict=True)):
        for place, raw in enumerate(listed):
            path = ("stages", index, "checks", place)
            if not isinstance(raw, dict):
                problems.append(problem_at(document, path, "a check is a mapping with id, title and kind"))
                continue
            for row in _rows(document, path, raw, problems):
                try:
                    header = _identified(Header.model_validate(_timed(_written(raw, row), names)), checklist.target)
                    instances = instances_of(header, checklist.target)
                except ValidationError as raised:
                    problems += explain(raised, Header, document, path)
                except ValueError as unknown:
                    problems.append(problem_at(document, (*path, "instances"), str(unknown)))
                else:
                    entries += [
                        Entry(_at(header, instance), stage.id, header.after or stage.after, raw, path, row, instance)
                        for instance in instances
                    ]
    return tuple(entries), problems + _repeated(document, entries)


def _written(raw: dict[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """A check as its row makes it: the row's values in place, other names as they stand, the row's id added."""
    if not row:
        return raw
    filled, _ = substitute({key: value for key, value in raw.items() if key != "each"}, with_row(_NO_NAMES, row))
    return {**filled, "id": f"{raw.get('id')}[{row['id']}]"}


def _timed(written: dict[str, Any], names: Names) -> dict[str, Any]:
    if "after" not in written:
        return written
    return {**written, "after": substitute(written["after"], names)[0]}


def instances_of(header: Header, target: Target) -> Sequence[str | None]:
    """The instances that a check is of; None stands for the target as a whole, as where it has no instances.

    Raises ValueError for one that the target does not have.
    """
    known = [each.name for each in target.instances]
    if header.instances == "all":
        return known or [None]
    for name in header.instances:
        if name not in known:
            raise ValueError(f"{header.id}: target.instances has no {name!r}{suggestion(name, known)}")
    return header.instances or [None]


def _identified(header: Header, target: Target) -> Header:
    """A check that asks the target needs those that show that the target is the release."""
    bare = header.id.partition("[")[0]
    if not target.identified_by or {header.id, bare} & set(target.identified_by) or not asks_target(header.kind):
        return header
    return header.model_copy(update={"needs": (*header.needs, *target.identified_by)})


def _at(header: Header, instance: str | None) -> Header:
    """The header with the instance's name in its id's brackets, after the row's."""
    if instance is None:
        return header
    own = f"{header.id[:-1]}.{instance}]" if header.id.endswith("]") else f"{header.id}[{instance}]"
    return header.model_copy(update={"id": own})


_NO_NAMES = Names({}, {}, Path())


def _rows(document: Document, path: tuple[str | int, ...], raw: dict[str, Any], problems: list[Problem]) -> list[Any]:
    if "each" not in raw:
        return [{}]
    rows = raw["each"]
    good = isinstance(rows, list) and rows and all(isinstance(row, dict) and "id" in row for row in rows)
    if not good:
        problems.append(problem_at(document, (*path, "each"), "each: a list of mappings is needed, each with an id"))
        return []
    return list(rows)


def _repeated(document: Document, entries: Iterable[Entry]) -> list[Problem]:
    seen: set[str] = set()
    problems = []
    for entry in entries:
        if entry.id in seen:
            problems.append(problem_at(document, (*entry.path, "id"), f"the id {entry.id!r} is used twice"))
        seen.add(entry.id)
    return problems
