"""Everything that is wrong with a checklist, under each of its profiles, at once."""

from __future__ import annotations

from collections.abc import Mapping
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


def problems_of(loaded: Loaded) -> list[Problem]:
    """Everything that is wrong with a checklist under its profile, in the file's order; nothing is run while there is.

    Names that are not set are no problem of the file: they may be set later, or used by no selected check.
    """
    found = [*loaded.problems, *structure_problems(loaded), *approval_problems(loaded)]
    for entry in loaded.entries:
        found += bind(loaded, entry, loaded.names, lenient=True)[1]
    return _sorted(dict.fromkeys(found))


def lint_checklist(path: Path, page: Path | None, environ: Mapping[str, str]) -> tuple[list[Problem], list[Problem]]:
    """Errors and warnings, each once, in the file's order.

    With `page`, also every line that the page claims and nothing covers, and quotations that aren't on it. Raises
    ConfigurationError where the file is no YAML mapping.
    """
    errors: dict[Problem, None] = {}
    warnings: dict[Problem, None] = {}
    loaded = load(path, environ=environ)
    for profile in loaded.checklist.profiles or (None,):
        loaded = load(path, profile=profile, environ=environ)
        errors |= dict.fromkeys(problems_of(loaded))
        for entry in loaded.entries:
            check, _ = bind(loaded, entry, loaded.names, lenient=True)
            if check is not None:
                warnings |= dict.fromkeys(_weaknesses(loaded, entry, check))
    if page is not None:
        errors |= dict.fromkeys(uncovered(loaded, page))
    return _sorted(errors), _sorted(warnings)


def _sorted(problems: Mapping[Problem, None]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.file, problem.line or 0, problem.column or 0, problem.message))


def _weaknesses(loaded: Loaded, entry: Entry, check: Check) -> list[Problem]:
    """Expectations that no observation can miss."""
    return [
        problem_at(loaded.document, (*entry.path, "expect", name), f"{entry.id}: {name} {expected} cannot fail")
        for name, expected in check.expect.items()
        if expected.is_trivial
    ]
