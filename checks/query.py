"""JMESPath questions to JSON-like data, and JSON read without guessing."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any

from pydantic import AfterValidator


def _compiled(text: str) -> str:
    import jmespath

    try:
        jmespath.compile(text)
    except jmespath.exceptions.JMESPathError as problem:
        raise ValueError(f"not a JMESPath query: {problem}") from problem
    return text


Query = Annotated[str, AfterValidator(_compiled)]
"""A JMESPath query as the text it was given as, checked when the checklist is loaded."""


def answer(query: str, data: Any) -> Any:
    """Return what the query finds, None where that is nothing; raises ValueError where it cannot be asked of this."""
    import jmespath

    try:
        return jmespath.search(query, data)
    except jmespath.exceptions.JMESPathError as problem:
        raise ValueError(f"the query {query} cannot be answered: {problem}") from problem


def parse_json(content: str | bytes) -> Any:
    """Parse one JSON document (RFC 8259); raises ValueError, with a text that quotes nothing of the content.

    Refused besides bad syntax: NaN and infinities, also as numbers too large; keys given twice in an object; nesting
    that Python cannot follow.
    """
    try:
        return json.loads(
            content,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_whole,
            object_pairs_hook=_without_duplicates,
        )
    except json.JSONDecodeError as problem:
        raise ValueError(f"not JSON: {problem.msg} at line {problem.lineno}, column {problem.colno}") from None
    except UnicodeDecodeError as problem:
        raise ValueError(f"not JSON: not {problem.encoding} at byte {problem.start}") from None
    except RecursionError:
        raise ValueError("not JSON that can be read: nested too deep") from None


def _no_constant(name: str) -> float:
    raise ValueError(f"not JSON: {name} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("not JSON that can be read: a number is too large")
    return number


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"not JSON that can be read: a number of {len(text)} digits") from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("ambiguous JSON: an object has a key twice")
    return found
