"""A page's rollback criteria and procedure: thresholds in words, checks of which any fails, steps that are sure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from checks.importing.draft import Draft, literal, plain
from checks.importing.items import ROLE
from checks.importing.outline import Item, Section
from checks.importing.references import words_of
from checks.importing.surroundings import Page, item_pipelines
from checks.importing.thresholds import MIN_SAMPLES, span_in, thresholds

_CRITERIA = re.compile(r"\broll(?:ing)?[ -]?back\s+(?:criteria|triggers?|conditions?|if|when)\b", re.IGNORECASE)
_PROCEDURE = re.compile(r"\broll(?:ing)?[ -]?back\s+(?:procedure|steps|plan|instructions)\b", re.IGNORECASE)
_SLOWER = re.compile(r"\b(?:performance degradation|degraded performance|slower)\b", re.IGNORECASE)
_SHARE = re.compile(r"(?:>|above|over|more than)\s*([0-9]{1,4})\s*%", re.IGNORECASE)
_DATABASE = re.compile(r"\.(?:db|sqlite3?)$")
FOR = "5m"
"""How long a breach lasts where the page does not say; `sustained` is thrice as long."""
SUSTAINED = "15m"
BASELINE = "30m"
"""The span from the start that later ones are compared with, where the page names none."""


def is_criteria(section: Section) -> bool:
    """Whether a section lists when to roll back."""
    return _CRITERIA.search(section.title) is not None


def is_procedure(section: Section) -> bool:
    """Whether a section says how to roll back."""
    return _PROCEDURE.search(section.title) is not None


def criterion(item: Item, page: Page) -> tuple[dict[str, Any], Draft | None]:
    """The rule of a criterion without id and title, and the check that it rests on, if it rests on one."""
    text = item.text
    span = span_in(text.partition(" for ")[2]) or (SUSTAINED if "sustained" in text.lower() else FOR)
    share = _SHARE.search(text)
    if _SLOWER.search(text) and share:
        breach = {"above": f"{100 + int(share[1])}%"}
        rule = {"measure": "latency.generated.p50", "breach": breach, "for": span, "baseline": {"first": BASELINE}}
        return {**rule, "min_samples": MIN_SAMPLES}, None
    if found := thresholds(text):
        first = found[0]
        rule = {"measure": first.measure, "breach": {first.comparator: first.bound}, "for": span}
        return {**rule, "min_samples": MIN_SAMPLES}, None
    return {}, _check_of(text, page)


def _check_of(text: str, page: Page) -> Draft:
    lowered = text.lower()
    databases = _databases(page)
    if "all blocked" in lowered and "none blocked" in lowered:
        expect: dict[str, Any] = {"above": "0%", "below": "100%"}
        why = "Of the traffic some is refused and some is not; send both where users send neither."
        fields = {"kind": "metric", "measure": "safety.block_rate", "min_samples": MIN_SAMPLES}
        return Draft({**fields, "expect": expect, "why": why}, "not so")
    if "corrupt" in lowered and len(databases) == 1:
        return Draft({"kind": "sqlite", "path": databases[0], "expect": {"integrity": "ok"}}, "the database is whole")
    asked = f"Is this so: {plain(text)[:800]}? Answer no if it is not."
    todo = "Mechanise this criterion, or keep it a question."
    return Draft({"kind": "ask", "question": asked, "role": ROLE, "expect": "no", "todo": todo}, "not so")


def _databases(page: Page) -> list[str]:
    words = [word for item in page.outline.items for line in item_pipelines(item) for word in line.first[1:]]
    return list(dict.fromkeys(word for word in words if _DATABASE.search(word) and "$" not in word))


def step(item: Item, page: Page, backups: Mapping[str, str], smoke_stage: str | None) -> dict[str, Any]:
    """What a step of the procedure does, without id and title; empty where it is not sure.

    `backups` gives the source of each backup by its item's text, `smoke_stage` the stage of the smoke tests.
    """
    text = item.text
    if re.match(r"stop\b", text, re.IGNORECASE) and page.target:
        return {"stop": "${target.url}"}
    if re.search(r"\brestore\b", text, re.IGNORECASE):
        wanted = words_of(text) - {"restore"}
        fitting = [source for said, source in backups.items() if _alike(wanted, words_of(said))]
        if len(fitting) == 1:
            name = PurePosixPath(fitting[0]).stem
            return {"restore": {"newest": f"backups/{name}*", "to": fitting[0]}}
    if re.search(r"\bsmoke tests?\b", text, re.IGNORECASE) and smoke_stage:
        return {"verify": [["signoff", "run", "--stage", smoke_stage, "--non-interactive"]]}
    lines = item_pipelines(item)
    if lines and all(line.certain and len(line.programs) == 1 and "$" not in "".join(line.first) for line in lines):
        return {"do": [literal(list(line.first)) for line in lines]}
    return {}


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two lines speak of the same, singular and plural alike."""

    def stems(words: Sequence[str] | frozenset[str]) -> set[str]:
        return {word.removesuffix("s") for word in words}

    return stems(one) == stems(other)
