"""Reads a checklist: strict YAML, a profile's values, and each check as an entry that is bound later.

Binding waits because some names (what the target reports, the run's folder) are known only when a run starts, and
because a name that no selected check uses need not be set (design §3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from checks.check import Check, Covers
from checks.checklist import Checklist, NotApplicable
from checks.errors import ConfigurationError, Problem
from checks.explaining import explain, problem_at, suggestion
from checks.kinds import registry
from checks.substitution import Missing, Names, substitute
from checks.yaml_reader import Document, read_yaml

MAX_BYTES = 1 << 20


class Header(BaseModel):
    """What must be known of a check before it is bound: its id and what it hangs on."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    title: str = ""
    kind: str | None = None
    covers: Covers = ()
    tags: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    required: bool = True
    trial: bool = False
    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    at_least: Mapping[str, Any] = Field(default_factory=dict)
    not_applicable: str | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """The checks that a rollup is made of."""
        return (*self.all_of, *self.any_of, *self.at_least.get("of", ()))


@dataclass(frozen=True)
class Entry:
    """One check as written, or one row of its `each`."""

    header: Header
    stage: str
    after: str | None
    raw: Mapping[str, Any] = field(repr=False)
    path: tuple[str | int, ...]
    row: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The id, with the row's in brackets."""
        return self.header.id


@dataclass(frozen=True)
class Loaded:
    """A checklist under one profile; `names` knows what `${…}` may name so far."""

    path: Path
    sha256: str
    content: bytes = field(repr=False)
    document: Document = field(repr=False)
    checklist: Checklist
    profile: str | None
    values: Mapping[str, Any]
    names: Names
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    """What is wrong with the file; nothing is run while there is any."""


def read_document(path: Path) -> tuple[Document, bytes]:
    """The YAML at `path` and its bytes; raises ConfigurationError naming the file and the remedy."""
    try:
        content = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except OSError as cause:
        message = f"cannot read the checklist: {cause.strerror}; name another file"
        raise ConfigurationError([Problem(str(path), None, None, message)]) from cause
    if content is None:
        raise ConfigurationError([Problem(str(path), None, None, "larger than 1 MiB; split the checklist")])
    return read_yaml(content, str(path)), content


def load(
    path: Path, *, profile: str | None = None, settings: Mapping[str, Any] | None = None, environ: Mapping[str, str]
) -> Loaded:
    """Read the checklist at `path` under `profile` (default: its `default_profile`).

    `settings` are the values of `--set`: a profile value's name, or a dotted name of the target. Raises
    ConfigurationError with all problems where the file cannot be read as a checklist at all; problems of single
    checks are found by `bind`.
    """
    document, content = read_document(path)
    if not isinstance(document.data, dict):
        raise ConfigurationError([Problem(str(path), 1, 1, "a checklist is a mapping with `schema: 1` at its top")])
    raw: dict[str, Any] = document.data
    overrides = dict(settings or {})
    chosen, values = _profile(document, raw, profile, overrides)
    release = _mapping(raw.get("release"))
    given = {**values, **{f"release.{key}": value for key, value in release.items()}, "profile.name": chosen or ""}
    root = path.resolve().parent
    names = Names(given, environ, root)
    values, _ = substitute(values, names)
    names = names.extended(values)
    raw = {**raw, "target": _target(document, raw.get("target"), overrides)}
    checks = _take_checks(raw)
    resolved, missing = substitute(raw, names)
    problems: list[Problem] = []
    checklist: Checklist | None = None
    try:
        checklist = Checklist.model_validate(_without_unset_target(resolved, missing))
    except ValidationError as raised:
        problems += explain(raised, Checklist, document, (), [hole.path for hole in missing])
        if not problems:
            problems += unset(document, missing)
    if checklist is None:
        raise ConfigurationError(problems)
    entries, entry_problems = _entries(document, checklist, checks)
    problems += entry_problems
    digest = hashlib.sha256(content).hexdigest()
    return Loaded(path, digest, content, document, checklist, chosen, values, names, entries, tuple(problems))


def bind(loaded: Loaded, entry: Entry, names: Names, *, lenient: bool = False) -> tuple[Check | None, list[Problem]]:
    """The check of `entry` with every name replaced, or the problems that stand in the way.

    `lenient` excuses names that are not set, and everything that depends on them; the check may then be None.
    """
    raw, missing = substitute(
        dict(entry.raw), names.extended({f"each.{k}": v for k, v in entry.row.items()}), entry.path
    )
    if missing and not lenient:
        return None, unset(loaded.document, missing)
    kind = raw.get("kind")
    if entry.header.not_applicable is not None:
        model: type[Check] = NotApplicable
    elif not isinstance(kind, str):
        return None, [problem_at(loaded.document, entry.path, f"{entry.id}: 'kind' is missing")]
    else:
        try:
            model = registry.find(kind)
        except KeyError:
            message = f"kind {kind!r} is unknown{suggestion(kind, registry.names())}"
            return None, [problem_at(loaded.document, (*entry.path, "kind"), message)]
        except ConfigurationError as broken:
            return None, list(broken.problems)
    raw.pop("each", None)
    raw["id"] = entry.id
    try:
        check = model.model_validate(raw)
    except ValidationError as raised:
        return None, explain(raised, model, loaded.document, entry.path, [hole.path for hole in missing])
    return check, _unobservable(loaded.document, entry, check)


def with_row(names: Names, row: Mapping[str, Any]) -> Names:
    """The names, and `each.…` for the values of a row."""
    values, _ = substitute(dict(row), names)
    return names.extended({f"each.{name}": value for name, value in values.items()})


def unset(document: Document, missing: Iterable[Missing]) -> list[Problem]:
    """A problem for each name that has no value."""
    return [problem_at(document, hole.path, f"${{{hole.name}}} is not set{_remedy(hole.name)}") for hole in missing]


def _remedy(name: str) -> str:
    scheme, colon, rest = name.partition(":")
    if colon and scheme == "env":
        return f"; export {rest}"
    if colon and scheme == "file":
        return f"; write the file {rest}"
    if name.startswith("target."):
        return f"; give --set {name}=…"
    return f"; put it into the profile, or give --set {name}=…"


def _unobservable(document: Document, entry: Entry, check: Check) -> list[Problem]:
    """Expectations of properties that the kind does not observe: they could never be judged."""
    observed = check.observed_names()
    if observed is None:
        return []
    problems = []
    for word, expected in (("expect", check.expect), ("prefer", check.prefer)):
        for name in expected:
            if name not in observed and name.partition(".")[0].partition("[")[0] not in observed:
                message = f"{check.kind} does not observe {name!r}{suggestion(name, sorted(observed))}"
                problems.append(problem_at(document, (*entry.path, word, name), message, key=True))
    return problems


def _profile(
    document: Document, raw: Mapping[str, Any], profile: str | None, overrides: dict[str, Any]
) -> tuple[str | None, dict[str, Any]]:
    profiles = _mapping(raw.get("profiles"))
    chosen = profile or raw.get("default_profile")
    if chosen is not None and chosen not in profiles:
        where = ("default_profile",) if profile is None else ("profiles",)
        message = f"profile {chosen!r} is not in the checklist{suggestion(str(chosen), list(profiles))}"
        raise ConfigurationError([problem_at(document, where, message)])
    values = dict(_mapping(profiles[chosen])) if chosen is not None else {}
    for name in [name for name in overrides if not name.startswith("target.")]:
        if name not in values:
            message = f"--set {name}: no such value{suggestion(name, [*values, 'target.url'])}"
            raise ConfigurationError([Problem(document.file, None, None, message)])
        values[name] = overrides.pop(name)
    return chosen, values


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _target(document: Document, raw: Any, overrides: Mapping[str, Any]) -> Any:
    """The target's section with `--set target.…` in place."""
    if raw is not None and not isinstance(raw, dict):
        raise ConfigurationError([problem_at(document, ("target",), "target: a mapping is needed")])
    section = dict(raw or {})
    for name, value in overrides.items():
        section[name.removeprefix("target.")] = value
    return section


def _without_unset_target(resolved: dict[str, Any], missing: list[Missing]) -> dict[str, Any]:
    """Fields of the target that nothing has set yet are left out: the target itself may report them."""
    holes = {hole.path[1] for hole in missing if hole.path[:1] == ("target",) and len(hole.path) == 2}
    return {**resolved, "target": {key: value for key, value in resolved["target"].items() if key not in holes}}


def _take_checks(raw: dict[str, Any]) -> list[list[Any]]:
    """Take the checks out of the stages of `raw`: they are bound one by one."""
    taken = []
    stages = raw.get("stages")
    if isinstance(stages, list):
        raw["stages"] = [dict(stage) if isinstance(stage, dict) else stage for stage in stages]
        for stage in raw["stages"]:
            checks = stage.pop("checks", []) if isinstance(stage, dict) else []
            taken.append(checks if isinstance(checks, list) else [checks])
    return taken


def _entries(
    document: Document, checklist: Checklist, checks: list[list[Any]]
) -> tuple[tuple[Entry, ...], list[Problem]]:
    entries: list[Entry] = []
    problems: list[Problem] = []
    for index, (stage, listed) in enumerate(zip(checklist.stages, checks, strict=True)):
        for place, raw in enumerate(listed):
            path = ("stages", index, "checks", place)
            if not isinstance(raw, dict):
                problems.append(problem_at(document, path, "a check is a mapping with id, title and kind"))
                continue
            for row in _rows(document, path, raw, problems):
                written = _written(raw, row)
                try:
                    header = Header.model_validate(written)
                except ValidationError as raised:
                    problems += explain(raised, Header, document, path)
                else:
                    entries.append(Entry(header, stage.id, stage.after, raw, path, row))
    return tuple(entries), problems + _repeated(document, entries)


def _written(raw: dict[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """A check as its row makes it: the row's values in place, other names as they stand, the row's id added."""
    if not row:
        return raw
    filled, _ = substitute({key: value for key, value in raw.items() if key != "each"}, with_row(_NO_NAMES, row))
    return {**filled, "id": f"{raw.get('id')}[{row['id']}]"}


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
