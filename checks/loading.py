"""Reads a checklist: strict YAML, a profile's values, and each check as an entry that is bound later.

Binding waits because some names (what the target reports, the run's folder) are known only when a run starts, and
because a name that no selected check uses need not be set (design §3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from checks.checklist import Checklist, Release, Stage
from checks.effects import Allowance
from checks.entries import Entry, read_entries, take_checks
from checks.errors import ConfigurationError, Problem
from checks.explaining import explain, problem_at, suggestion
from checks.inclusion import read_whole
from checks.rollback.steps import DOES
from checks.substitution import Missing, Names, substitute
from checks.unset_names import unset
from checks.yaml_reader import Document


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

    @property
    def allowance(self) -> Allowance | None:
        """What the profile lets checks do outside; None where it does not say."""
        return None if self.profile is None else self.checklist.profiles[self.profile].allow


def load(
    path: Path,
    *,
    profile: str | None = None,
    settings: Mapping[str, Any] | None = None,
    environ: Mapping[str, str],
    version: str | None = None,
) -> Loaded:
    """Read the checklist at `path` under `profile` (default: its `default_profile`).

    `settings` are the values of `--set`: a profile value's name, or a dotted name of the target. `version`
    takes the place of the release's own. Raises
    ConfigurationError where the file is no YAML mapping or lacks the profile. What else is wrong is in `problems`, with
    an outline in the checklist's place, so that the problems of single checks, found by `bind`, can be told with them.
    """
    document, content = read_whole(path)
    if not isinstance(document.data, dict):
        raise ConfigurationError([Problem(str(path), 1, 1, "a checklist is a mapping with `schema: 1` at its top")])
    raw: dict[str, Any] = document.data
    if version is not None:
        raw = {**raw, "release": {**_mapping(raw.get("release")), "version": version}}
    overrides = dict(settings or {})
    chosen, values = _profile(document, raw, profile, overrides)
    release = _mapping(raw.get("release"))
    given = {**values, **{f"release.{key}": value for key, value in release.items()}, "profile.name": chosen or ""}
    root = path.resolve().parent
    names = Names(given, environ, root)
    values, _ = substitute(values, names)
    names = names.extended(values)
    raw = {**raw, "target": _target(document, raw.get("target"), overrides)}
    checks = take_checks(raw)
    resolved, missing = substitute(raw, names, later=_is_substituted_later)
    problems: list[Problem] = []
    try:
        checklist = Checklist.model_validate(_without_unset_target(resolved, missing))
    except ValidationError as raised:
        problems += explain(raised, Checklist, document, (), [hole.path for hole in missing], names.secrets)
        problems = problems or unset(document, missing)
        checklist = _outline(resolved.get("stages"))
    entries, entry_problems = read_entries(document, checklist, checks, names)
    problems += entry_problems
    digest = hashlib.sha256(content).hexdigest()
    return Loaded(path, digest, content, document, checklist, chosen, values, names, entries, tuple(problems))


def _is_substituted_later(path: tuple[str | int, ...]) -> bool:
    """Whether it is substituted where it is used, as it may name what the target reports; twice would undo `$${x}`."""
    is_of_a_step = path[:2] == ("rollback", "procedure") and path[3:] in {(field,) for field in DOES}
    return is_of_a_step or path in {("rollback", "notify"), ("target", "logs", "paths")}


def _profile(
    document: Document, raw: Mapping[str, Any], profile: str | None, overrides: dict[str, Any]
) -> tuple[str | None, dict[str, Any]]:
    profiles = _mapping(raw.get("profiles"))
    chosen = profile or raw.get("default_profile")
    if chosen is not None and not (isinstance(chosen, str) and chosen in profiles):
        where = ("default_profile",) if profile is None else ("profiles",)
        message = f"profile {chosen!r} is not in the checklist{suggestion(str(chosen), list(profiles))}"
        raise ConfigurationError([problem_at(document, where, message)])
    given = _mapping(profiles[chosen]) if chosen is not None else {}
    values = {name: value for name, value in given.items() if name != "allow"}
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


def _outline(stages: Any) -> Checklist:
    """What stands in for a checklist that is none: its stages by id, without anything that could be run."""
    listed = stages if isinstance(stages, list) else []
    ids = [str(_mapping(stage).get("id", number)) for number, stage in enumerate(listed)]
    outlined = tuple(Stage.model_construct(id=each, title=each, section="") for each in ids)
    return Checklist(schema=1, release=Release(name="", version=""), stages=outlined)


def _without_unset_target(resolved: dict[str, Any], missing: list[Missing]) -> dict[str, Any]:
    """Fields of the target that nothing has set yet are left out: the target itself may report them."""
    holes = {hole.path[1] for hole in missing if hole.path[:1] == ("target",) and len(hole.path) == 2}
    return {**resolved, "target": {key: value for key, value in resolved["target"].items() if key not in holes}}
