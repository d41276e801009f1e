"""What a gate said, in every view, read back."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from checks.outcome import Verdict
from checks.signing.gate import Decided, Decision, Overridden
from reports import github, html, markdown, table
from tests.reports import records
from tests.reports.test_junit import cases, outcome
from tests.reports.test_junit import parsed as read_junit

RECORD = records.no_go()


def decided(decision: Decided, **facts: Any) -> Decision:
    given_facts: dict[str, Any] = {
        "evidence_verdict": Verdict.GO,
        "approvals": (),
        "changed_files": (),
        "reasons": ("why",),
    }
    return Decision(decision, **{**given_facts, **facts})


def overridden(*passed_over: str) -> Decision:
    override = Overridden("lead", "bob", "SHA256:x", records.START, records.START, "cannot wait", passed_over)
    return decided(Decided.OVERRIDDEN, override=override)


@pytest.mark.parametrize(
    ("decision", "shows"),
    [(Decided.GO, "passed"), (Decided.HOLD, "error"), (Decided.NO_GO, "failure"), (Decided.OVERRIDDEN, "skipped")],
)
def test_junit_is_green_only_for_go(decision: Decided, shows: str) -> None:
    said = overridden("a") if decision is Decided.OVERRIDDEN else decided(decision)
    _, case = cases(read_junit(RECORD, said), "verdict")
    assert (case.get("name"), outcome(case)) == ("gate", shows)


def test_a_summary_stays_short_whatever_was_overridden() -> None:
    written = github.summary(RECORD, overridden(*(f"check-{each}: " + "w" * 500 for each in range(2000))))
    assert len(written.encode()) < github.MAX_BYTES
    assert "OVERRIDDEN: this release goes only by a signed override of bob as lead" in written
    assert "and 1983 more; the report has all" in written


def test_the_whole_reports_list_everything_that_was_overridden() -> None:
    said = overridden(*(f"check-{each}" for each in range(100)))
    for written in (markdown.render(RECORD, decision=said), html.render(RECORD, decision=said)):
        assert all(f"Passed over: check-{each}" in written for each in range(100))


def test_csv_says_of_each_check_whether_it_was_overridden() -> None:
    rows = list(csv.DictReader(io.StringIO(table.render(RECORD, overridden("a")))))
    marked = {row["id"]: row["overridden"] for row in rows}
    assert marked["cache-hit-rate"] == "true"
    assert marked["unit-tests"] == marked["warnings"] == "false"
    plainly = csv.DictReader(io.StringIO(table.render(RECORD, decided(Decided.NO_GO))))
    assert {row["overridden"] for row in plainly} == {"false"}
