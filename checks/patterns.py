"""Regular expressions of a checklist's author, matched in linear time."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field


def _compiles(pattern: str) -> str:
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as problem:
        raise ValueError(f"not an RE2 pattern: {problem}") from problem
    return pattern


Pattern = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_compiles)]
"""A pattern in RE2's syntax, as the text it was given as."""
