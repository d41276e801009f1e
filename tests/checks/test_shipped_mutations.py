"""Mutations of every expectation of the checklist that ships: lint catches each, or a broken reference tells it.

What a healthy reference was seen to be is recorded (`tests.checks.recorded`), and so is what the checks that noticed
the drill's faults saw (`tests.checks.recorded_broken`). Other broken references are as the healthy one but for one
value, which misses the expectation as narrowly as it can. A mutation that gives all of them the same status as the
right checklist would be a hole in the page's mesh.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from checks.check import Check
from checks.comparators import Between, Bound, Comparator, Equals, Exists, NotEquals
from checks.expectation import Expectation
from checks.judging import judge
from checks.observed import ABSENT
from checks.outcome import Observation, Status
from checks.units import Quantity
from tests.checks.recorded import Observed, healthy, shipped
from tests.checks.recorded_broken import broken as noticed

FLIPPED = {
    "above": ("at most", operator.le),
    "at most": ("above", operator.gt),
    "below": ("at least", operator.ge),
    "at least": ("below", operator.lt),
}
CHECKS = {check.id: check for check in shipped()}
HEALTHY = healthy()
BROKEN = noticed()
LATER = {"next-merge", "next-tag", "next-deploy", "next-monitor"}
"""Due after the approval: no run has seen them without one."""


def flipped(comparator: Comparator) -> Iterator[Comparator]:
    """The comparator turned round, where there is such a word."""
    if isinstance(comparator, Bound):
        yield Bound(*FLIPPED[comparator.phrase], comparator.limit)
    elif isinstance(comparator, Equals):
        yield NotEquals(comparator.operand)
    elif isinstance(comparator, NotEquals):
        yield Equals(comparator.operand)
    elif isinstance(comparator, Exists):
        yield Exists(not comparator.wanted)


def loosened(comparator: Comparator, seen: Any) -> Iterator[Comparator]:
    """The bound ten times as loose, where that lets anything more in."""
    if isinstance(comparator, Bound):
        limit = comparator.limit
        value = limit.value * (10 if comparator.phrase in {"below", "at most"} else 0.1)
        if value != limit.value and (not isinstance(seen, int) or _admits_more(comparator.phrase, limit.value, value)):
            yield Bound(comparator.phrase, comparator.compare, Quantity(value, limit.dimension))
    elif isinstance(comparator, Between):
        yield Between(Quantity(comparator.low.value / 10, comparator.low.dimension), comparator.high)
        yield Between(comparator.low, Quantity(comparator.high.value * 10, comparator.high.dimension))


def _admits_more(phrase: str, old: float, new: float) -> bool:
    """Whether a whole number meets the new bound and not the old one."""
    edge = math.ceil if phrase in {"at least", "below"} else math.floor
    return edge(new) != edge(old)


def mutants(check: Check) -> Iterator[tuple[str, Check]]:
    """The check with one of its expectations mutated, for each mutation of the catalogue."""
    for word in ("expect", "prefer"):
        expected: Mapping[str, Expectation] = getattr(check, word)
        for name, expectation in expected.items():
            others = {each: value for each, value in expected.items() if each != name}
            yield f"{check.id} {name} removed", check.model_copy(update={word: others})
            for place, comparator in enumerate(expectation.comparators):
                others_too = [each for each in expectation.comparators if each is not comparator]
                is_fixed = any(isinstance(each, Equals) for each in others_too)
                wider = () if is_fixed else loosened(comparator, HEALTHY[check.id].get(name))
                for how, found in (("flipped", flipped(comparator)), ("loosened", wider)):
                    for each in found:
                        changed = (*expectation.comparators[:place], each, *expectation.comparators[place + 1 :])
                        mutant = {**expected, name: Expectation(changed)}
                        yield f"{check.id} {name} {how}: {each}", check.model_copy(update={word: mutant})


def broken(seen: Any, expectation: Expectation) -> Iterator[Any]:
    """Values like the one that was seen which miss the expectation, the narrowest first."""
    for value in _near(seen, expectation):
        if expectation.check(None if value is ABSENT else value).holds is False:
            yield value


def _near(seen: Any, expectation: Expectation) -> Iterator[Any]:
    if isinstance(seen, bool):
        yield not seen
    elif isinstance(seen, int):
        limits = [round(each.value) for each in expectation.quantities] or [seen]
        yield from (limit + step for limit in limits for step in (-1, 0, 1) if limit + step >= 0)
    elif isinstance(seen, Quantity):
        edges = [each.value for each in expectation.quantities] or [seen.value]
        yield from (Quantity(edge * factor, seen.dimension) for edge in edges for factor in (0.999, 1, 1.001))
        yield Quantity(max(edges) + 1, seen.dimension)
    elif isinstance(seen, float):
        yield from (each.value * factor for each in expectation.quantities for factor in (0.999, 1, 1.001))
    elif isinstance(seen, str):
        yield from (f"{seen} ", seen[1:], "another")
        yield from (each.operand for each in expectation.comparators if isinstance(each, NotEquals))
    elif isinstance(seen, dict):
        yield {**seen, next(iter(seen), "another"): "another"}
    elif isinstance(seen, list):
        yield from (seen[1:], [*seen, "another"], [])
    yield ABSENT


def references(check: Check) -> Iterator[Observed]:
    """What is seen of the healthy reference, of those that the drill broke, and of those broken in one value."""
    seen = HEALTHY[check.id]
    yield seen
    yield from BROKEN.get(check.id, ())
    for name, expectation in (*check.expect.items(), *check.prefer.items()):
        for value in broken(seen.get(name), expectation):
            yield {each: other for each, other in {**seen, name: value}.items() if other is not ABSENT}


def statuses(check: Check, seen: list[Observed]) -> list[Status]:
    return [judge(check, Observation(each))[0] for each in seen]


def test_every_check_that_a_run_can_look_at_was_recorded() -> None:
    assert sorted(CHECKS.keys() - HEALTHY.keys()) == sorted(LATER), (
        "record a whole run against the reference: python -m tests.checks.recorded RUN"
    )


@pytest.mark.parametrize("name", sorted(HEALTHY))
def test_every_mutation_of_every_expectation_is_told(name: str) -> None:
    check = CHECKS[name]
    seen = list(references(check))
    right = statuses(check, seen)
    assert right[0] is Status.PASS, judge(check, Observation(seen[0]))[1]
    assert set(right[1:]) <= {Status.FAIL, Status.WARN, Status.NO_DATA}
    unseen = [told for told, mutant in mutants(check) if statuses(mutant, seen) == right]
    assert not unseen


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_what_a_check_noticed_in_the_drill_it_still_notices(name: str) -> None:
    assert Status.PASS not in statuses(CHECKS[name], BROKEN[name])
