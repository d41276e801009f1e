from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from checks.kinds.rollup import RollupCheck
from checks.outcome import Observation, Result, Status
from tests.checks.kinds.conftest import Make, MakeContext

WORSE = [Status.PASS, Status.WARN, Status.BLOCKED, Status.PENDING, Status.NO_DATA, Status.ERROR, Status.FAIL]


def results(**statuses: str) -> dict[str, Result]:
    return {
        name: Result(id=name, title=name, stage="s", kind="file", status=Status(status), required=True)
        for name, status in statuses.items()
    }


@pytest.fixture
def rolled(make: Make, context: MakeContext) -> Any:
    def observe(fields: dict[str, Any], **statuses: str) -> Observation:
        return make(RollupCheck, **fields).observe(context(results=results(**statuses)))

    return observe


@pytest.mark.parametrize("status", [status.value for status in WORSE])
def test_all_of_is_as_good_as_its_worst_part(rolled: Any, status: str) -> None:
    observation = rolled({"all_of": ["a", "b"]}, a="pass", b=status)
    assert observation.status == status
    assert observation.properties["parts"] == {"a": "pass", "b": status}
    assert ("b" in observation.reason) is (status != "pass")


@pytest.mark.parametrize(
    ("part", "status"), [("waived", Status.WARN), ("not_selected", Status.BLOCKED), ("scheduled", Status.BLOCKED)]
)
def test_a_part_that_was_not_judged_is_never_a_clean_pass(rolled: Any, part: str, status: Status) -> None:
    assert rolled({"all_of": ["a", "b"]}, a="pass", b=part).status is status


def test_a_part_without_a_result_is_no_data(rolled: Any) -> None:
    observation = rolled({"all_of": ["a", "b"]}, a="pass")
    assert observation.status is Status.NO_DATA
    assert observation.reason == "no result of b"


def test_a_part_that_is_not_applicable_neither_helps_nor_harms(rolled: Any) -> None:
    assert rolled({"all_of": ["a", "b"]}, a="pass", b="not_applicable").status is Status.PASS
    assert rolled({"all_of": ["a", "b"]}, a="fail", b="not_applicable").status is Status.FAIL


@pytest.mark.parametrize("demand", [{"all_of": ["a", "b"]}, {"any_of": ["a", "b"]}])
def test_nothing_applicable_is_never_a_pass(rolled: Any, demand: dict[str, Any]) -> None:
    observation = rolled(demand, a="not_applicable", b="not_applicable")
    assert observation.status is Status.NO_DATA
    assert "applicable" in observation.reason


def test_any_of_is_as_good_as_its_best_part(rolled: Any) -> None:
    assert rolled({"any_of": ["a", "b"]}, a="fail", b="pass").status is Status.PASS
    assert rolled({"any_of": ["a", "b"]}, a="fail", b="error").status is Status.ERROR
    assert rolled({"any_of": ["a", "b"], "all_of": ["c"]}, a="pass", b="pass", c="fail").status is Status.FAIL


@pytest.mark.parametrize(
    ("count", "status"), [(1, Status.PASS), (2, Status.WARN), (3, Status.FAIL), (4, Status.NO_DATA)]
)
def test_at_least_so_many(rolled: Any, count: int, status: Status) -> None:
    quorum = {"count": count, "of": ["a", "b", "c", "d"]}
    assert rolled({"at_least": quorum}, a="fail", b="warn", c="pass", d="not_applicable").status is status


def test_a_name_stands_for_every_row_of_its_each(make: Make, context: MakeContext) -> None:
    found = results(**{"story[1]": "pass", "story[2]": "fail", "storyline": "error"})
    observation = make(RollupCheck, all_of=["story"]).observe(context(results=found))
    assert observation.status is Status.FAIL
    assert observation.properties["parts"] == {"story[1]": "pass", "story[2]": "fail"}


def test_its_parts_are_told_to_the_engine(make: Make) -> None:
    check = make(RollupCheck, all_of=["a"], any_of=["b"], at_least={"count": 1, "of": ["c"]})
    assert check.part_ids == ("a", "b", "c")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "needs parts"),
        ({"all_of": ["a"], "expect": {"parts": {"exists": True}}}, "no `expect`"),
        ({"at_least": {"count": 0, "of": ["a"]}}, "greater than or equal to 1"),
        ({"at_least": {"count": 2, "of": ["a", "a"]}}, "twice"),
    ],
)
def test_what_makes_no_rollup_is_refused_when_loaded(make: Make, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        make(RollupCheck, **fields)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statuses=st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([*Status]), min_size=1))
def test_it_is_never_better_than_any_part_that_it_needs(
    make: Make, context: MakeContext, statuses: dict[str, Status]
) -> None:
    check = make(RollupCheck, all_of=sorted(statuses))
    status = check.observe(context(results=results(**statuses))).status
    judged = [WORSE.index(each) for each in statuses.values() if each in WORSE]
    assert status in WORSE
    assert WORSE.index(status) >= max(judged, default=WORSE.index(Status.WARN))
