"""What will be run: the selection and everything it needs, in an order that respects needs.

A run over a selection is `partial`, and says so wherever its verdict is shown (design §2).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from graphlib import CycleError, TopologicalSorter

from checks.dependencies import Dependencies, dependencies_of, rows_by_name
from checks.errors import ConfigurationError, Problem
from checks.explaining import problem_at, suggestion
from checks.loading import Loaded
from checks.schedule import schedule_problems


def rows_of(name: str, ids: Iterable[str]) -> list[str]:
    """The ids that `name` means: itself, or every row of the check of that name.

    >>> rows_of("story", ["story[1]", "story[2]", "storyline"])
    ['story[1]', 'story[2]']
    """
    return [known for known in ids if known == name or known.startswith(f"{name}[")]


def structure_problems(loaded: Loaded) -> list[Problem]:
    """Needs and parts that don't exist, wait for a later stage, or go round in a circle."""
    problems: list[Problem] = []
    ids = [entry.id for entry in loaded.entries]
    rows = rows_by_name(ids)
    place = {stage.id: number for number, stage in enumerate(loaded.checklist.stages)}
    stage_of = {entry.id: entry.stage for entry in loaded.entries}
    dependencies = dependencies_of(loaded.entries)
    graph: dict[str, set[str]] = {}
    for entry in loaded.entries:
        graph[entry.id] = set()
        for word, names in (("needs", entry.header.needs), ("rollup", entry.header.parts)):
            for name in names:
                found = rows.get(name, ())
                if not found:
                    problems.append(
                        problem_at(
                            loaded.document,
                            (*entry.path, "needs") if word == "needs" else entry.path,
                            f"{entry.id}: {word} names {name!r}, which is no check{suggestion(name, ids)}",
                        )
                    )
                later = [other for other in found if place[stage_of[other]] > place[entry.stage]]
                if later:
                    message = f"{entry.id}: {word} names {later[0]!r} of a later stage; move one of them"
                    problems.append(problem_at(loaded.document, entry.path, message))
                graph[entry.id].update(found)
        graph[entry.id].update(dependencies.after[entry.id])
    problems += [*schedule_problems(loaded), *_named_elsewhere(loaded, ids, rows)]
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as cycle:
        circle = list(cycle.args[1])
        first = next(entry for entry in loaded.entries if entry.id == circle[0])
        message = f"needs go round in a circle: {' → '.join(circle)}; remove one"
        problems.append(problem_at(loaded.document, (*first.path, "needs"), message))
    return problems


def _named_elsewhere(loaded: Loaded, ids: Sequence[str], rows: Collection[str]) -> list[Problem]:
    problems = []
    for number, criterion in enumerate(loaded.checklist.rollback.criteria):
        for name in criterion.any_fails:
            if name not in rows:
                message = f"criterion {criterion.id}: {name!r} is no check{suggestion(name, ids)}"
                problems.append(problem_at(loaded.document, ("rollback", "criteria", number, "any_fails"), message))
    for number, waiver in enumerate(loaded.checklist.waivers):
        if too_long := loaded.checklist.too_long(waiver):
            problems.append(problem_at(loaded.document, ("waivers", number, "expires"), too_long))
        if waiver.check not in ids:
            message = f"waiver {waiver.id}: {waiver.check!r} is no check{suggestion(waiver.check, ids)}"
            problems.append(problem_at(loaded.document, ("waivers", number, "check"), message))
    return problems


def select(
    loaded: Loaded, *, stages: Sequence[str] = (), tags: Sequence[str] = (), checks: Sequence[str] = ()
) -> frozenset[str]:
    """The ids to run: those in any of the stages, with any of the tags, or named; and all that these need.

    With no selection, all. Raises ConfigurationError for a stage, tag or id that the checklist doesn't have.
    """
    by_id = {entry.id: entry for entry in loaded.entries}
    rows = rows_by_name(by_id)
    if not (stages or tags or checks):
        return frozenset(by_id)
    problems = []
    for option, given, known in (
        ("--stage", stages, [stage.id for stage in loaded.checklist.stages]),
        ("--tag", tags, sorted({tag for entry in loaded.entries for tag in entry.header.tags})),
        ("--check", [name for name in checks if name not in rows], list(by_id)),
    ):
        for name in given:
            if name not in known:
                message = f"{option} {name}: no such thing{suggestion(name, known)}"
                problems.append(Problem(loaded.document.file, None, None, message))
    if problems:
        raise ConfigurationError(problems)
    named = {found for name in checks for found in rows.get(name, ())}
    chosen = [e.id for e in loaded.entries if e.stage in stages or set(e.header.tags) & set(tags) or e.id in named]
    return _with_needs(chosen, dependencies_of(loaded.entries))


def _with_needs(chosen: Iterable[str], dependencies: Dependencies) -> frozenset[str]:
    selected: set[str] = set()
    waiting = list(chosen)
    while waiting:
        name = waiting.pop()
        if name not in selected:
            selected.add(name)
            waiting += dependencies.wanted_by(name)
    return frozenset(selected)
