"""Thresholds in words: `Error rate < 5%`, `Generation times < 5 seconds average`, `≥30% after warm-up (1-2 hours)`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from checks.importing.phrases import any_of, phrases

MIN_SAMPLES = 100
"""Fewest requests that an imported rate or latency is judged by; the page names none."""
REPEATED_SAMPLES = 30
"""The same where it is judged again and again from the first minutes on."""


@dataclass(frozen=True)
class Threshold:
    """A measure and its bound; `warm_up` is a span to leave out, `rising` says that the page wants it to rise."""

    measure: str
    comparator: str
    bound: str
    warm_up: str | None = None
    rising: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two of them the same."""
        return self.measure, self.comparator, self.bound


def thresholds(text: str, subject: str = "") -> list[Threshold]:
    """Every threshold of a text, in order; a clause that names no measure speaks of that of `subject`.

    >>> [each.key for each in thresholds("<5000ms for most requests, <10ms for cache hits", "Generation time")]
    [('latency.generated.p95', 'below', '5000ms'), ('latency.hit.p95', 'below', '10ms')]
    """
    text, subject = _plain(text), _plain(subject)
    found = []
    for clause in re.split(r"[,;\n]", text):
        for comparator, bound in _bounds(clause):
            measure = measure_in(clause) or measure_in(subject)
            if measure is None or not _fits(measure, bound):
                continue
            rising = re.search(r"\b(increasing|rising)\b", clause) is not None
            found.append(Threshold(measure, comparator, bound, _warm_up(clause), rising))
    return found


def measure_in(text: str) -> str | None:
    """The measure that a text names, a latency with its statistic."""
    for each in phrases().measures:
        if re.search(any_of(each.words), text.lower()):
            measure = each.measure
            if each.family == "latency":
                if measure == "latency.generated" and re.search(r"\bcache hits?\b", text.lower()):
                    measure = "latency.hit"
                return f"{measure}.{_statistic(text)}"
            return measure
    if re.search(r"<\s*[0-9.]+\s*m?s\b.*\bcache hits?\b", text.lower()):
        return "latency.hit.p95"
    return None


def span_in(text: str) -> str | None:
    """The first span of time that a text gives, as the checklist writes it: `5+ minutes` is `5m`."""
    for number, unit in re.findall(r"(?<![\w.])([0-9]{1,6})\+?[ -]{0,3}([a-z]{1,12})\b", text.lower()):
        known = phrases().units.get(unit)
        if known in {"ms", "s", "m", "h", "d"} and int(number) > 0:
            return f"{number}{known}"
    return None


def _plain(text: str) -> str:
    return text.replace("*", "").replace("`", "")


@cache
def _bound_pattern() -> re.Pattern[str]:
    words = any_of(phrases().comparator_of)
    units = any_of(phrases().units)
    return re.compile(rf"(?P<word>{words})\s{{0,3}}(?P<number>[0-9]{{1,9}}(?:\.[0-9]{{1,6}})?)\s?(?P<unit>{units})")


def _bounds(clause: str) -> Iterator[tuple[str, str]]:
    lowered = re.sub(r"(?<=[0-9])\+", "", clause.lower())
    for found in _bound_pattern().finditer(_spaced(lowered)):
        yield phrases().comparator_of[found["word"]], f"{found['number']}{phrases().units[found['unit']]}"


def _spaced(text: str) -> str:
    """Numbers apart from their units, so that both are whole words: `5000ms` is `5000 ms`."""
    return re.sub(r"([0-9])(?=[a-z%])", r"\1 ", text)


def _fits(measure: str, bound: str) -> bool:
    return bound.endswith("%") != measure.startswith("latency")


def _statistic(text: str) -> str:
    for each in phrases().statistics:
        if re.search(any_of(each.words), text.lower()):
            return each.statistic
    return "p95"


def _warm_up(clause: str) -> str | None:
    if re.search(r"\bwarm-?\s?up\b", clause.lower()) is None:
        return None
    first = re.search(r"([0-9]{1,4})\s*[-–]\s*[0-9]{1,4}\s*(hours?|minutes?|min|h|m)\b", clause.lower())
    return f"{first[1]}{phrases().units[first[2]]}" if first else span_in(clause.partition("warm")[2])
