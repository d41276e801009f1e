"""Log formats as data: each YAML file beside this one says how a log's lines are recognised and what they mean."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.resources import files

import yaml

from checks.metrics.errors import UnknownFormatError
from checks.metrics.log_format import LogFormat

__all__ = ["BUILT_IN", "built_in_format"]

BUILT_IN = tuple(
    sorted(entry.name.removesuffix(".yaml") for entry in files(__name__).iterdir() if entry.name.endswith(".yaml"))
)
"""The names of the formats that come with the program."""


@cache
def built_in_format(name: str) -> LogFormat:
    """Load a built-in format; raises UnknownFormatError, with the nearest name, where there is none of that name."""
    if name not in BUILT_IN:
        near = get_close_matches(name, BUILT_IN, 1)
        remedy = f"did you mean {near[0]}?" if near else f"known: auto, {', '.join(BUILT_IN)}"
        raise UnknownFormatError(f"log format {name!r}", "there is no such format", remedy)
    text = files(__name__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return LogFormat.model_validate(yaml.safe_load(text))
