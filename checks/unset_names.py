"""Names that a checklist uses and nothing sets, and what to do about each."""

from __future__ import annotations

from collections.abc import Iterable

from checks.errors import Problem
from checks.explaining import problem_at
from checks.substitution import Missing
from checks.yaml_reader import Document


def unset(document: Document, missing: Iterable[Missing]) -> list[Problem]:
    """A problem for each name that has no value."""
    return [problem_at(document, hole.path, _message(hole)) for hole in missing]


def _message(hole: Missing) -> str:
    if hole.why:
        return f"${{{hole.name}}} cannot be used: {hole.why}"
    return f"${{{hole.name}}} is not set{_remedy(hole.name)}"


def _remedy(name: str) -> str:
    scheme, colon, rest = name.partition(":")
    if colon and scheme == "env":
        return f"; export {rest}"
    if colon and scheme == "file":
        return f"; write the file {rest}"
    if name.startswith("target."):
        return f"; give --set {name}=…"
    return f"; put it into the profile, or give --set {name}=…"
