"""Mutations of a correct checklist's expectations: lint catches each, or a broken target gets another verdict.

What the kinds would observe of two targets is recorded: a healthy one, at which every expectation of the checklist
holds, and for each expectation one at which it alone does not. A mutation that changes neither what lint says nor any
of these verdicts would be a hole in the checklist's mesh.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checks.binding import bind
from checks.judging import judge
from checks.linting import lint_checklist, problems_of
from checks.loading import load
from checks.outcome import Observation, Status
from checks.units import Dimension, Quantity
from tests.checks.running import checklist, stage

FLIPPED = {
    "above": "at_most",
    "at_most": "above",
    "below": "at_least",
    "at_least": "below",
    "equals": "not_equals",
    "not_equals": "equals",
}
RATIO, TIME, SIZE = Dimension.RATIO, Dimension.TIME, Dimension.SIZE

Check = dict[str, Any]
CHECKS: list[tuple[Check, dict[str, Any], dict[str, Any]]] = [
    (
        {"kind": "metric", "measure": "errors.rate", "min_samples": 100, "expect": {"value": {"below": "5%"}}},
        {"value": Quantity(0.01, RATIO)},
        {"value": [Quantity(0.06, RATIO), Quantity(0.3, RATIO)]},
    ),
    (
        {"kind": "metric", "measure": "cache.hit_rate", "min_samples": 100, "expect": {"value": {"at_least": "30%"}}},
        {"value": Quantity(0.4, RATIO)},
        {"value": [Quantity(0.29, RATIO), Quantity(0.05, RATIO)]},
    ),
    (
        {"kind": "metric", "measure": "latency.p95", "expect": {"value": {"below": "5s"}}},
        {"value": Quantity(2, TIME)},
        {"value": [Quantity(6, TIME)]},
    ),
    (
        {
            "kind": "command", "command": ["true"],
            "expect": {"exit_code": {"equals": 0}, "json.passed": {"at_least": 217}},
        },
        {"exit_code": 0, "json": {"passed": 217}},
        {"exit_code": [1], "json": [{"passed": 216}, {"passed": 30}]},
    ),
    (
        {"kind": "http", "url": "/", "expect": {"status": {"equals": 200}, "latency": {"at_most": "2s"}}},
        {"status": 200, "latency": Quantity(0.3, TIME)},
        {"status": [500], "latency": [Quantity(3, TIME)]},
    ),
    (
        {"kind": "file", "path": "x", "expect": {"size": {"above": "100kB"}, "mode": {"equals": "0600"}}},
        {"size": Quantity(2e5, SIZE), "mode": "0600"},
        {"size": [Quantity(9e4, SIZE), Quantity(2e4, SIZE)], "mode": ["0644"]},
    ),
    (
        {"kind": "files", "pattern": "x/*", "expect": {"count": {"between": [5, 10]}, "unparsed": {"equals": 0}}},
        {"count": 7, "unparsed": 0},
        {"count": [4, 1, 11], "unparsed": [1]},
    ),
]  # fmt: skip


def number(place: int, check: Check) -> Check:
    """A check with an id and a title."""
    return {"id": f"c-{place}", "title": "It is so", **check}


def targets() -> Iterator[list[dict[str, Any]]]:
    """What is observed at the healthy target, and at each that is broken in one property."""
    healthy = [seen for _, seen, _ in CHECKS]
    yield healthy
    for place, (_, seen, broken) in enumerate(CHECKS):
        for name, values in broken.items():
            for value in values:
                yield [*healthy[:place], {**seen, name: value}, *healthy[place + 1 :]]


def verdicts(path: Path) -> list[tuple[Status, ...]] | None:
    """The statuses of every check at every target; None where the checklist is in error."""
    loaded = load(path, environ={})
    if problems_of(loaded):
        return None
    bound = [bind(loaded, entry, loaded.names)[0] for entry in loaded.entries]
    return [
        tuple(judge(check, Observation(seen))[0] for check, seen in zip(bound, observed, strict=True) if check)
        for observed in targets()
    ]


def mutants() -> Iterator[tuple[str, list[Check]]]:
    """Every mutation of the catalogue, at every place: comparator flipped, bound loosened tenfold, expectation gone."""
    for place, (check, _, _) in enumerate(CHECKS):
        for name, comparators in check["expect"].items():
            for word, bound in comparators.items():
                where = f"c-{place}.{name}.{word}"
                if word in FLIPPED:
                    yield f"{where} flipped", changed(place, name, {FLIPPED[word]: bound})
                for loose in loosened(word, bound):
                    yield f"{where} loosened to {loose}", changed(place, name, {word: loose})
            yield f"c-{place}.{name} removed", changed(place, name, None)


def loosened(word: str, bound: Any) -> Iterator[Any]:
    """The bound ten times as loose; nothing for one that has no size."""
    if word == "between":
        yield [bound[0] / 10, bound[1]]
        yield [bound[0], bound[1] * 10]
    elif word in {"above", "at_least", "below", "at_most"}:
        quantity = Quantity.parse(bound)
        unit = str(bound).lstrip("0123456789.")
        factor = 10 if word in {"below", "at_most"} else 0.1
        written = quantity.value * {"%": 100, "kB": 1e-3}.get(unit, 1) * factor
        yield f"{written:g}{unit}" if unit else written


def changed(place: int, name: str, comparators: Any) -> list[Check]:
    """The checks with one expectation changed, or gone."""
    checks = [copy.deepcopy(check) for check, _, _ in CHECKS]
    if comparators is None:
        del checks[place]["expect"][name]
    else:
        checks[place]["expect"][name] = comparators
    return checks


def write(folder: Path, checks: list[Check]) -> Path:
    """A checklist of these checks."""
    path = folder / "checklist.yaml"
    path.write_text(json.dumps(checklist(stage(*(number(place, check) for place, check in enumerate(checks))))))
    return path


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Status, ...]]:
    """The verdicts of the correct checklist: all pass at the healthy target, one check fails at each of the others."""
    path = write(tmp_path_factory.mktemp("right"), [check for check, _, _ in CHECKS])
    assert lint_checklist(path, None, {}) == ([], [])
    found = verdicts(path)
    assert found is not None
    assert set(found[0]) == {Status.PASS}
    assert all(statuses.count(Status.FAIL) == 1 for statuses in found[1:])
    return found


MUTANTS = list(mutants())


@pytest.mark.parametrize(("name", "checks"), MUTANTS, ids=[name for name, _ in MUTANTS])
def test_a_mutation_is_seen(tmp_path: Path, right: list[tuple[Status, ...]], name: str, checks: list[Check]) -> None:
    path = write(tmp_path, checks)
    errors, warnings = lint_checklist(path, None, {})
    assert errors or warnings or verdicts(path) != right, f"nothing tells {name} from the right checklist"


def test_the_catalogue_has_every_sort_of_mutation() -> None:
    sorts = [name.partition(" ")[2].split(" ")[0] for name, _ in MUTANTS]
    assert {sort: sorts.count(sort) for sort in set(sorts)} == {"flipped": 10, "loosened": 8, "removed": 11}
