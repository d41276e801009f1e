from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.junit_report import Case, Outcome
from checks.kinds.junit import JunitCheck, counted
from checks.outcome import Status
from tests.checks.kinds.conftest import Make, MakeContext

BOTH_SUITES = """<?xml version="1.0" encoding="utf-8"?>
<testsuites>
  <testsuite name="unit">
    <testcase classname="tests.proxy.test_cache" name="test_hit" time="0.5">
      <properties><property name="story" value="007-04"/><property name="story" value="007-05"/></properties>
    </testcase>
    <testcase classname="tests.proxy.test_cache" name="test_miss" time="0.25">
      <failure message="no &#10; miss"/>
    </testcase>
    <testcase classname="tests.proxy_extra.test_it" name="test_it" time="1"><skipped message="not here"/></testcase>
  </testsuite>
  <testsuite name="e2e">
    <testcase classname="tests.e2e" name="test_all" time="2"><failure/><error message="at its end"/></testcase>
    <testcase classname="tests.e2e" name="test_fast" time="1"/>
  </testsuite>
</testsuites>
"""


@pytest.fixture
def report(context: MakeContext) -> Path:
    path = context().root / "unit.xml"
    path.write_text(BOTH_SUITES)
    return path


def writing(content: str, exit_code: int = 0) -> Sequence[str]:
    source = f"import pathlib, sys; pathlib.Path('unit.xml').write_text({content!r}); sys.exit({exit_code})"
    return ["python", "-c", source]


def test_counts_how_tests_ended(report: Path, make: Make, context: MakeContext) -> None:
    observation = make(JunitCheck, report="unit.xml").observe(context())
    seen = dict(observation.properties)
    assert seen.pop("duration").value == 4.75
    assert 0 <= seen.pop("age").value < 60
    assert seen == {
        "passed": 2,
        "failed": 1,
        "errors": 1,
        "skipped": 1,
        "total": 5,
        "distinct": 5,
        "names": [
            "tests.e2e::test_all",
            "tests.e2e::test_fast",
            "tests.proxy.test_cache::test_hit",
            "tests.proxy.test_cache::test_miss",
            "tests.proxy_extra.test_it::test_it",
        ],
    }
    assert b"failed  tests.proxy.test_cache::test_miss: no miss\n" in observation.evidence[0].content


@pytest.mark.parametrize(
    ("select", "names"),
    [
        ({"story": "007-04"}, ["tests.proxy.test_cache::test_hit"]),
        ({"story": "007-05"}, ["tests.proxy.test_cache::test_hit"]),
        ({"suite": "e2e", "classname": "tests.e2e"}, ["tests.e2e::test_all", "tests.e2e::test_fast"]),
        ({"classname": "tests.proxy"}, ["tests.proxy.test_cache::test_hit", "tests.proxy.test_cache::test_miss"]),
    ],
)
def test_counts_only_what_is_selected(
    select: dict[str, str], names: list[str], report: Path, make: Make, context: MakeContext
) -> None:
    observation = make(JunitCheck, report="unit.xml", select=select).observe(context())
    assert observation.properties["names"] == names


def test_no_selected_test_is_no_data(report: Path, make: Make, context: MakeContext) -> None:
    observation = make(JunitCheck, report="unit.xml", select={"story": "007-99"}).observe(context())
    assert observation.status is Status.NO_DATA
    assert "selected no test of 5" in observation.reason


def test_a_report_without_tests_is_no_data(report: Path, make: Make, context: MakeContext) -> None:
    report.write_text("<testsuites><testsuite name='unit'/></testsuites>")
    assert make(JunitCheck, report="unit.xml").observe(context()).status is Status.NO_DATA


def test_a_missing_report_is_no_data(make: Make, context: MakeContext) -> None:
    assert make(JunitCheck, report="unit.xml").observe(context()).status is Status.NO_DATA


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (BOTH_SUITES[:500], "not complete XML"),
        ("", "not complete XML"),
        ("<html/>", "not a JUnit report"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><testsuites>&b;</testsuites>', "entities"),
    ],
)
def test_what_is_no_report_is_an_error(
    content: str, reason: str, report: Path, make: Make, context: MakeContext
) -> None:
    report.write_text(content)
    observation = make(JunitCheck, report="unit.xml").observe(context())
    assert observation.status is Status.ERROR
    assert reason in observation.reason


def test_a_time_that_is_no_number_is_not_guessed(report: Path, make: Make, context: MakeContext) -> None:
    report.write_text("<testsuite><testcase name='a' time='1'/><testcase name='b' time='soon'/></testsuite>")
    assert math.isnan(make(JunitCheck, report="unit.xml").observe(context()).properties["duration"].value)


def test_the_command_writes_the_report(make: Make, context: MakeContext) -> None:
    observation = make(JunitCheck, report="unit.xml", command=writing(BOTH_SUITES, 1)).observe(context())
    assert observation.status is None
    assert observation.properties["failed"] == 1


def test_a_bad_end_without_a_failure_is_an_error(make: Make, context: MakeContext) -> None:
    content = "<testsuite><testcase name='one'/></testsuite>"
    observation = make(JunitCheck, report="unit.xml", command=writing(content, 3)).observe(context())
    assert observation.status is Status.ERROR
    assert "ended with 3" in observation.reason


def test_a_command_without_a_report_is_an_error(make: Make, context: MakeContext) -> None:
    observation = make(JunitCheck, report="unit.xml", command=["python", "-c", ""]).observe(context())
    assert observation.status is Status.ERROR
    assert "wrote no report" in observation.reason


def test_the_report_of_an_earlier_run_is_an_error(report: Path, make: Make, context: MakeContext) -> None:
    observation = make(JunitCheck, report="unit.xml", command=["python", "-c", ""]).observe(context())
    assert observation.status is Status.ERROR
    assert "old report" in observation.reason


def test_an_old_report_put_into_place_is_an_error(report: Path, make: Make, context: MakeContext) -> None:
    os.utime(report, (1_000_000_000, 1_000_000_000))
    command = ["python", "-c", "import shutil, os; shutil.copy2('unit.xml', 'new'); os.replace('new', 'unit.xml')"]
    observation = make(JunitCheck, report="unit.xml", command=command).observe(context())
    assert observation.status is Status.ERROR
    assert "old report" in observation.reason


def test_a_command_that_does_not_end_is_an_error(report: Path, make: Make, context: MakeContext) -> None:
    check = make(JunitCheck, report="unit.xml", command=["python", "-c", "import time; time.sleep(60)"])
    assert check.observe(context(timeout_s=0.2)).status is Status.ERROR


def test_a_real_report_of_pytest(make: Make, context: MakeContext) -> None:
    given_context = context()
    (given_context.root / "test_it.py").write_text(
        "def test_story(record_property):\n    record_property('story', '007-01')\n"
        "def test_other():\n    assert False\n"
    )
    command = ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=unit.xml", "test_it.py"]
    check = make(JunitCheck, report="unit.xml", command=command, select={"story": "007-01"})
    seen = check.observe(given_context).properties
    assert (seen["passed"], seen["failed"], seen["names"]) == (1, 0, ["test_it::test_story"])


OUTCOMES: st.SearchStrategy[Outcome] = st.sampled_from(["passed", "skipped", "failed", "error"])


@given(st.lists(st.tuples(st.sampled_from("abc"), OUTCOMES), min_size=1, max_size=20))
def test_a_rerun_never_hides_what_happened(executions: list[tuple[str, Outcome]]) -> None:
    cases = [Case("", "", name, outcome, 0.0, "", frozenset()) for name, outcome in executions]
    seen = counted(cases)
    by_name = {name: {outcome for each, outcome in executions if each == name} for name, _ in executions}
    assert seen["total"] == len(executions)
    assert seen["distinct"] == len(by_name)
    assert seen["passed"] == sum(outcomes == {"passed"} for outcomes in by_name.values())
    assert seen["errors"] == sum("error" in outcomes for outcomes in by_name.values())
    assert seen["failed"] == sum("failed" in each and "error" not in each for each in by_name.values())
