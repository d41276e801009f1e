"""The words that the importer understands, read from data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from checks.check import Model


class Measure(Model):
    """Words that mean a measure; a latency is completed by its statistic."""

    words: tuple[str, ...]
    measure: str
    family: str


class Statistic(Model):
    """Words that mean a statistic of a latency."""

    words: tuple[str, ...]
    statistic: str


class Comparison(Model):
    """Words that mean a comparator; `breach` is the one that says the contrary."""

    words: tuple[str, ...]
    comparator: str
    breach: str


class Counted(Model):
    """What it means that a text is found in a log."""

    measure: str
    comparator: str
    bound: str


class Phrases(Model):
    """All of them."""

    measures: tuple[Measure, ...]
    statistics: tuple[Statistic, ...]
    comparators: tuple[Comparison, ...]
    units: Mapping[str, str]
    counted_texts: Mapping[str, Counted]

    @property
    def comparator_of(self) -> dict[str, str]:
        """The comparator that each word means."""
        return {word: each.comparator for each in self.comparators for word in each.words}


@cache
def phrases() -> Phrases:
    """The phrases of `phrases.yaml`."""
    return Phrases.model_validate(data("phrases.yaml"))


def data(name: str) -> Any:
    """What a YAML file of this package says."""
    from checks.yaml_reader import read_yaml

    return read_yaml((files("checks.importing") / name).read_bytes(), name).data


def any_of(words: Iterable[str]) -> str:
    """A pattern for any of some words as whole words, the longest first.

    >>> any_of(["<", "at most"])
    '(?:\\\\bat\\\\ most\\\\b|<)'
    """
    ordered = sorted(words, key=lambda word: (-len(word), word))
    return f"(?:{'|'.join(_whole(word) for word in ordered)})"


def _whole(word: str) -> str:
    escaped = re.escape(word)
    return rf"\b{escaped}\b" if word[0].isalnum() else escaped
