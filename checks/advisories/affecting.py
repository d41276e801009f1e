"""Which records are about an installed package, and what can not be told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from checks.advisories.records import SEVERITIES, Affected, Event, Range, Record

ECOSYSTEM = "PyPI"


@dataclass(frozen=True)
class Finding:
    """One vulnerability of one installed package; `ids` are the names that databases give it."""

    ids: tuple[str, ...]
    package: str
    version: str
    severity: str
    fixed: tuple[str, ...]
    summary: str


@dataclass
class Affection:
    """What records say of installed packages."""

    found: list[Finding] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)
    """Record and package of which it cannot be told whether that version is affected, and why."""


def affecting(installed: Iterable[tuple[str, str]], records: Iterable[Record]) -> Affection:
    """Hold packages, as (name, version), against records; withdrawn records do not count.

    Records that are aliases of each other are one finding, with the worst severity that any gives.
    """
    about: dict[str, list[tuple[Record, Affected]]] = defaultdict(list)
    for record in records:
        for affected in record.affected if record.withdrawn is None else ():
            package = affected.package
            if package is not None and package.ecosystem.partition(":")[0] == ECOSYSTEM:
                about[canonicalize_name(package.name)].append((record, affected))
    told = Affection()
    for name, version in sorted({(canonicalize_name(name), version) for name, version in installed}):
        hits: list[tuple[Record, Affected]] = []
        for record, affected in about[name]:
            try:
                if is_affected(version, affected):
                    hits.append((record, affected))
            except ValueError as problem:
                told.untold.append(f"{record.id} of {name} {version}: {problem}")
        told.found += [_finding(name, version, group) for group in _grouped(hits)]
    return told


def is_affected(version: str, affected: Affected) -> bool:
    """Whether a version is listed or lies in a range (OSV schema, "Evaluation").

    Raises ValueError where it cannot be told: a version that is none (PEP 440), commits alone, nothing at all.
    """
    if version in affected.versions:
        return True
    own = _version(version)
    if any(_version(each) == own for each in affected.versions if _is_version(each)):
        return True
    ordered = [each for each in affected.ranges if each.type != "GIT"]
    if any(_in_range(own, each) for each in ordered):
        return True
    if not affected.versions and not ordered:
        raise ValueError("it names commits or nothing, no versions")
    return False


def _in_range(own: Version, span: Range) -> bool:
    limits = [_version(event.limit) for event in span.events if event.limit not in (None, "*")]
    if limits and not any(own < limit for limit in limits):
        return False
    affected = False
    for at, event in sorted(((_at(each), each) for each in span.events), key=lambda placed: placed[0]):
        if event.introduced is not None and own >= at:
            affected = True
        elif (event.fixed is not None and own >= at) or (event.last_affected is not None and own > at):
            affected = False
    return affected


def _at(event: Event) -> Version:
    """The version of an event; `introduced: "0"` is before all versions."""
    if event.introduced == "0" or event.limit == "*":
        return BEFORE_ALL
    text = event.introduced or event.fixed or event.last_affected or event.limit
    if text is None:
        raise ValueError("an event of a range says nothing")
    return _version(text)


BEFORE_ALL = Version("0.dev0")


def _version(text: str | None) -> Version:
    try:
        return Version(text or "")
    except InvalidVersion as problem:
        raise ValueError(f"{text!r} is no version (PEP 440)") from problem


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def _grouped(hits: Sequence[tuple[Record, Affected]]) -> list[list[tuple[Record, Affected]]]:
    """Join what shares a name: the id or an alias."""
    groups: list[tuple[set[str], list[tuple[Record, Affected]]]] = []
    for record, affected in hits:
        names = {record.id, *record.aliases}
        joined = [(record, affected)]
        for known, members in [group for group in groups if group[0] & names]:
            names |= known
            joined = members + joined
            groups.remove((known, members))
        groups.append((names, joined))
    return [members for _, members in groups]


def _finding(name: str, version: str, group: Sequence[tuple[Record, Affected]]) -> Finding:
    events = [event for _, affected in group for span in affected.ranges if span.type != "GIT" for event in span.events]
    return Finding(
        ids=tuple(sorted({record.id for record, _ in group})),
        package=name,
        version=version,
        severity=min((record.severity for record, _ in group), key=SEVERITIES.index),
        fixed=tuple(sorted({event.fixed for event in events if event.fixed is not None})),
        summary=next((record.summary for record, _ in group if record.summary), "")[:200],
    )
