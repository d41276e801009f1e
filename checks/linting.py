"""Everything that is wrong with a checklist, under each of its profiles, at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from checks.binding import bind
from checks.check import Check
from checks.entries import Entry
from checks.errors import Problem
from checks.explaining import problem_at
from checks.loading import Loaded, load
from checks.page import uncovered
from checks.planning import structure_problems
from checks.vouching import approval_problems
from checks.weaknesses import weak_criterion, weak_step, weaknesses

SETTLE = {"ask", "rollup"}
"""Built-in kinds that say by themselves whether they passed."""


def problems_of(loaded: Loaded) -> list[Problem]:
    """Everything that is wrong with a checklist under its profile, in the file's order; nothing is run while there is.

    Names that are not set are no problem of the file: they may be set later, or used by no selected check.
    """
    return _looked_at(loaded)[0]


def lint_checklist(path: Path, page: Path | None, environ: Mapping[str, str]) -> tuple[list[Problem], list[Problem]]:
    """Errors and warnings, each once, in the file's order.

    With `page`, also every line that the page claims and nothing covers, and quotations that aren't on it. Raises
    ConfigurationError where the file is no YAML mapping.
    """
    errors: dict[Problem, None] = {}
    warnings: dict[Problem, None] = {}
    loaded = load(path, environ=environ)
    for profile in loaded.checklist.profiles or (None,):
        if profile != loaded.profile:
            loaded = load(path, profile=profile, environ=environ)
        wrong, weak = _looked_at(loaded)
        errors |= dict.fromkeys(wrong)
        warnings |= dict.fromkeys(weak)
    if page is not None:
        errors |= dict.fromkeys(uncovered(loaded, page))
    return _sorted(errors), _sorted(warnings)


def _looked_at(loaded: Loaded) -> tuple[list[Problem], list[Problem]]:
    """What is wrong, and what is weak, each check bound once."""
    wrong = [*loaded.problems, *structure_problems(loaded), *approval_problems(loaded)]
    weak = list(_weak_rollback(loaded))
    for entry in loaded.entries:
        check, found = bind(loaded, entry, loaded.names, lenient=True)
        wrong += found
        if check is not None:
            wrong += _nothing_expected(loaded, entry, check)
            weak += [
                problem_at(loaded.document, (*entry.path, *each.place), f"{entry.id}: {each.message}")
                for each in weaknesses(entry, check)
            ]
    return _sorted(dict.fromkeys(wrong)), _sorted(dict.fromkeys(weak))


def _nothing_expected(loaded: Loaded, entry: Entry, check: Check) -> list[Problem]:
    """A built-in kind that settles nothing by itself needs an expectation; a plug-in's may settle it."""
    built_in = type(check).__module__.startswith("checks.kinds.")
    if check.expect or not built_in or check.kind in SETTLE:
        return []
    message = f"{entry.id}: nothing is expected, so nothing would be checked; give the check an `expect`"
    return [problem_at(loaded.document, entry.path, message)]


def _weak_rollback(loaded: Loaded) -> Iterator[Problem]:
    rollback = loaded.checklist.rollback
    for number, criterion in enumerate(rollback.criteria):
        if message := weak_criterion(criterion):
            place = ("rollback", "criteria", number)
            yield problem_at(loaded.document, place, f"{criterion.id}: {message}")
    for number, step in enumerate(rollback.procedure):
        if message := weak_step(step):
            yield problem_at(loaded.document, ("rollback", "procedure", number), f"{step.id}: {message}")


def _sorted(problems: Mapping[Problem, None]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.file, problem.line or 0, problem.column or 0, problem.message))
