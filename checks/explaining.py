"""Turns what pydantic finds wrong into problems with file, line, column, key, value and remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from checks.errors import Problem
from checks.redaction import LONGEST_SECRET, SHORTEST_SECRET, Redactor
from checks.yaml_reader import Document

Path = tuple[str | int, ...]
_LONGEST_VALUE = 80
MAX_NAMES = 30


def suggestion(given: str, allowed: Sequence[str]) -> str:
    """`; did you mean 'x'?` for a near spelling, else the allowed names.

    >>> suggestion("comand", ["command", "cwd"])
    "; did you mean 'command'?"
    >>> suggestion("zzz", ["command", "cwd"])
    '; allowed: command, cwd'
    """
    near = get_close_matches(given, allowed, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    shown = sorted(allowed)[:MAX_NAMES]
    more = f" and {len(allowed) - MAX_NAMES} more" if len(allowed) > MAX_NAMES else ""
    return f"; allowed: {', '.join(shown)}{more}" if shown else ""


def problem_at(document: Document, path: Path, message: str, *, key: bool = False) -> Problem:
    """A problem at the deepest part of `path` that the document has."""
    while path:
        try:
            line, column = document.position(path, key=key)
        except KeyError:
            path, key = path[:-1], False
        else:
            return Problem(document.file_at(path), line, column, message)
    return Problem(document.file, 1, 1, message)


def explain(
    raised: ValidationError,
    model: type[BaseModel],
    document: Document,
    path: Path,
    excused: Sequence[Path] = (),
    secrets: Mapping[str, str] | None = None,
) -> list[Problem]:
    """Each error of `raised` as a problem; `path` is where the model's data stands in the document.

    Errors at a path in `excused` are left out: their values aren't known yet. `secrets` are shown by their names.
    """
    problems = []
    redactor = Redactor({name: value for name, value in (secrets or {}).items() if _can_be_hidden(value)})
    for details in raised.errors(include_url=False):
        where = (*path, *details["loc"])
        if any(where[: len(hole)] == hole or hole[: len(where)] == where for hole in excused):
            continue
        key = str(details["loc"][-1]) if details["loc"] else ""
        if details["type"] == "extra_forbidden":
            allowed = _keys(_model_at(model, details["loc"][:-1]))
            problems.append(problem_at(document, where, f"unknown key {key!r}{suggestion(key, allowed)}", key=True))
        elif details["type"] == "missing":
            problems.append(problem_at(document, where[:-1], f"{key!r} is missing"))
        else:
            message = redactor.text(details["msg"].removeprefix("Value error, "))
            given = _given(redactor.value(details["input"]))
            named = f"{key}: " if key else ""
            problems.append(problem_at(document, where, f"{named}{message}{given}"))
    return problems


def _can_be_hidden(secret: str) -> bool:
    return SHORTEST_SECRET <= len(secret.strip()) <= LONGEST_SECRET


def _given(value: Any) -> str:
    if isinstance(value, (dict, BaseModel)):
        return ""
    text = repr(value)
    return f"; given {text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + '…'}"


def _keys(model: type[BaseModel] | None) -> list[str]:
    if model is None:
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_at(model: type[BaseModel], location: Sequence[str | int]) -> type[BaseModel] | None:
    """The model that the key path `location` leads to from `model`."""
    current: type[BaseModel] | None = model
    for part in location:
        if current is None or isinstance(part, int):
            continue
        field = next((f for name, f in current.model_fields.items() if part in (name, f.alias)), None)
        current = _inner_model(field.annotation) if field else current
    return current


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _inner_model(part))), None)
