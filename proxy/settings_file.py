"""A file of settings: one NAME=VALUE a line, by the names of the variables."""

from __future__ import annotations

import difflib
import io
from collections.abc import Collection
from pathlib import Path

from dotenv import dotenv_values

from proxy.errors import StartError
from proxy.home import read_private


def read_settings_file(path: Path, known: Collection[str]) -> dict[str, str]:
    """The values of a file, as text.

    Raises StartError where it cannot be read, may be read by other users, or names something that is not known.
    """
    try:
        text = read_private(path.expanduser()).decode()
    except (OSError, ValueError) as error:
        raise StartError(f"the settings file {path} cannot be used: {error}") from error
    values = dotenv_values(stream=io.StringIO(text), interpolate=False)
    problems = [
        f"{name} in {path} is not a setting of the proxy{suggestion(name, known)}; remove it or correct its name"
        for name in values
        if name not in known
    ]
    problems += [
        f"{name} in {path} has no value; write {name}=VALUE" for name, value in values.items() if value is None
    ]
    if problems:
        raise StartError("\n".join(problems))
    return {name: value for name, value in values.items() if value is not None}


def suggestion(name: str, known: Collection[str]) -> str:
    """`; did you mean …?` where a known name is near, else nothing."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
