"""From a check as written to one that can be run: every name replaced, every value validated."""

from __future__ import annotations

from pydantic import ValidationError

from checks.check import Check
from checks.checklist import NotApplicable
from checks.entries import Entry, with_row
from checks.errors import ConfigurationError, Problem
from checks.explaining import explain, problem_at, suggestion
from checks.kinds import registry
from checks.loading import Loaded
from checks.substitution import Names, substitute
from checks.unset_names import unset
from checks.yaml_reader import Document


def bind(loaded: Loaded, entry: Entry, names: Names, *, lenient: bool = False) -> tuple[Check | None, list[Problem]]:
    """The check of `entry` with every name replaced, or the problems that stand in the way.

    `lenient` excuses names that are not set, and everything that depends on them; the check may then be None.
    """
    raw, missing = substitute(dict(entry.raw), with_row(names, entry.row), entry.path)
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
        return None, explain(raised, model, loaded.document, entry.path, [hole.path for hole in missing], names.secrets)
    return check, _unobservable(loaded.document, entry, check)


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
