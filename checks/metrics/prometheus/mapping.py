"""Which of a service's metrics mean what: the model of the YAML files beside this one."""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints

from checks.metrics.log_format import CacheWords

Name = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")]
"""A metric's or a label's name."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Series(_Model):
    """A metric, a matcher in Prometheus' own words that picks its series, and the label that tells them apart."""

    metric: Name
    match: str = ""
    label: Name

    def selector(self, suffix: str = "") -> str:
        """Write the selector of the series, of a metric's name with this suffix."""
        return f"{self.metric}{suffix}{{{self.match}}}"


class Outcomes(_Model):
    """Which values of the durations' label mean what; a request whose value is nowhere succeeded and was no hit."""

    hit: tuple[str, ...] = ()
    failed: tuple[str, ...]
    blocked: tuple[str, ...] = ()
    client: tuple[str, ...] = ()
    generated: tuple[str, ...] = ()


class Mapping(_Model):
    """`durations` is a histogram in seconds of every finished request; `statuses` and `cache` are counters."""

    name: str
    durations: Series
    outcomes: Outcomes
    statuses: Series | None = None
    failed_statuses: tuple[str, ...] = ()
    cache: Series | None = None
    results: CacheWords = CacheWords(hit=("hit",), miss=("miss",), bypass=("bypass",), error=("error",))


def built_in_mapping(name: str = "image-proxy") -> Mapping:
    """Load a mapping that comes with the program."""
    text = files(__package__ or "").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return Mapping.model_validate(yaml.safe_load(text))
