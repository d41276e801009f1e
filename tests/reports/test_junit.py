"""The JUnit view, read back by an XML parser and compared with the record."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from checks.outcome import Result, RunRecord, Status, Verdict
from checks.signing.gate import Decision
from reports import junit
from tests.reports import records

RECORDS = [records.go, records.no_go, records.partial]
EXPECTED = {
    "pass": "passed", "warn": "passed", "fail": "failure", "error": "error", "no_data": "error", "blocked": "error",
    "pending": "error", "waived": "skipped", "not_applicable": "skipped", "scheduled": "skipped",
    "not_selected": "skipped",
}  # fmt: skip


def outcome(case: Element) -> str:
    (child,) = case
    return "passed" if child.tag == "system-out" else child.tag


def parsed(record: RunRecord, decision: Decision | None = None) -> Element:
    root: Element = fromstring(junit.render(record, decision).encode())
    return root


def cases(root: Element, suite: str) -> list[Element]:
    (found,) = [each for each in root if each.get("id") == suite]
    return list(found)


@pytest.mark.parametrize("make", RECORDS)
def test_every_check_reads_back_in_its_stages_suite(make: Callable[[], RunRecord]) -> None:
    record = make()
    root = parsed(record)
    for stage in record.stages:
        results = [each for each in record.checks if each.stage == stage.id]
        found = cases(root, stage.id) if results else []
        assert [(case.get("name"), outcome(case)) for case in found] == [
            (f"{each.id}: {each.title}", "skipped" if each.trial else EXPECTED[each.status]) for each in results
        ]
        for case, result in zip(found, results, strict=True):
            assert result.reason in (case[0].text or "") + case[0].get("message", "")
            assert case.get("time") == f"{result.duration_ms / 1000:.3f}"


@pytest.mark.parametrize("make", RECORDS)
def test_totals_add_up_and_the_verdict_is_a_case(make: Callable[[], RunRecord]) -> None:
    record = make()
    root = parsed(record)
    everything = [outcome(case) for suite in root for case in suite]
    for attribute, counted in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert root.get(attribute) == str(everything.count(counted))
        assert sum(int(suite.get(attribute, "")) for suite in root) == everything.count(counted)
    assert root.get("tests") == str(len(everything))
    (verdict,) = cases(root, "verdict")
    assert outcome(verdict) == {"GO": "passed", "HOLD": "error", "NO-GO": "failure"}[record.verdict]


def test_a_run_in_which_everything_was_skipped_is_not_green() -> None:
    skipped = records.result("a", Status.NOT_APPLICABLE, attempts=())
    root = parsed(records.record((skipped,), verdict=Verdict.HOLD, reasons=("no required check passed",)))
    assert root.get("errors") == "1"


@pytest.mark.parametrize("status", list(Status))
def test_a_trial_changes_nothing(status: Status) -> None:
    result: Result = records.result("a", status, trial=True)
    (case,) = cases(parsed(records.record((result,))), result.stage)
    assert outcome(case) == ("passed" if status is Status.PASS else "skipped")
