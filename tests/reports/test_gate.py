"""What a gate said, in every view: read back, and nothing that a signer wrote breaks out."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from checks.outcome import Verdict
from checks.redaction import visible
from checks.signing.gate import Decided, Decision, Overridden
from reports import gate, github, html, junit, markdown, table
from reports.escaping import plain
from tests.reports import records
from tests.reports.hostile import examples, hostile_decisions
from tests.reports.parsed import parse
from tests.reports.test_hostile import BECOMES_A_LINK, OWN_HTML
from tests.reports.test_html import parsed as read_html
from tests.reports.test_junit import cases, outcome
from tests.reports.test_junit import parsed as read_junit

RECORD = records.no_go()
SMALL = records.partial()


def decided(decision: Decided, **facts: Any) -> Decision:
    given_facts: dict[str, Any] = {
        "evidence_verdict": Verdict.GO,
        "approvals": (),
        "changed_files": (),
        "reasons": ("why",),
    }
    return Decision(decision, **{**given_facts, **facts})


TAME = parse(markdown.render(SMALL, decision=decided(Decided.HOLD)))


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


@given(hostile_decisions())
@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_breaks_out(decision: Decision) -> None:
    written = markdown.render(SMALL, decision=decision)
    read = parse(written)
    assert visible(written) == written
    assert [tag for tag in read.html if not OWN_HTML.fullmatch(tag)] == []
    assert (read.headings, read.links) == (TAME.headings, TAME.links)
    assert [text for text in read.texts if BECOMES_A_LINK.search(text)] == []
    short = github.summary(SMALL, decision)
    assert [tag for tag in parse(short).html if not OWN_HTML.fullmatch(tag)] == []
    assert parse(short).links == []
    page = read_html(html.render(SMALL, decision=decision))
    assert (page.misnested, page.open) == ([], [])
    assert {tag: len(page.all(tag)) for tag in ("script", "style", "img", "iframe")} == {
        "script": 1, "style": 1, "img": 0, "iframe": 0,
    }  # fmt: skip
    assert [name for each in page.elements for name in each.attributes if name.startswith("on")] == []
    assert outcome(cases(read_junit(SMALL, decision), "verdict")[1]) != "passed" or decision.decision is Decided.GO
    assert visible(junit.render(SMALL, decision)) == junit.render(SMALL, decision)
    for line in gate.lines_of(decision):
        assert visible(line) == line
    assert json.loads(json.dumps(gate.document(decision), allow_nan=False))["decision"] == decision.decision.value
    assert plain(decision.reasons[0]) in page.all("header")[0].text or decision.override is not None
