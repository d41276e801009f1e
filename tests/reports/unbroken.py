"""What has to hold of each view of a hostile run: nothing breaks out of its place, and it reads back as the run is."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable

from defusedxml.ElementTree import fromstring
from markdown_it.common.normalize_url import normalizeLink
from rich.console import Console

from checks.outcome import RunRecord
from checks.redaction import visible
from checks.signing.gate import Decided, Decision
from reports import gate, github, html, junit, table, terminal, wording
from reports.escaping import plain
from reports.links import evidence_target, runbook_target
from tests.reports.html_page import checks_of, read_page
from tests.reports.parsed import Parsed, parse
from tests.reports.test_junit import EXPECTED, cases, outcome

OWN_HTML = re.compile(r'<a id="[\w-]+">|</a>|<br>|</?details>|<summary>\d+ [a-z ,]+</summary>')
FOREIGN = {"image", "em_open", "s_open", "hardbreak", "softbreak"}
BECOMES_A_LINK = re.compile(r"://|www\.|@[A-Za-z0-9]|#[0-9]", re.IGNORECASE)
WIDTH = 400
"""Columns of the terminal: enough for few lines to be broken, which takes most of the time."""


def markdown_is_unbroken(written: str, record: RunRecord, decision: Decision | None) -> Parsed:
    """The report; gives it as it was read back."""
    parsed = parse(written)
    assert visible(written) == written
    assert [tag for tag in parsed.html if not OWN_HTML.fullmatch(tag)] == []
    assert parsed.types.isdisjoint(FOREIGN)
    for each in parsed.tables:
        assert {len(row) for row in each.rows} == {len(each.rows[0])}
    assert _outside(parsed.links) <= {normalizeLink(target) for target in _targets(record)}
    assert [text for text in parsed.texts if BECOMES_A_LINK.search(text)] == [], "GitHub would make links of these"
    rows = [row for each in parsed.tables_with("Status", "Check") for row in each.rows[1:]]
    assert [row[0].text for row in rows] == [wording.standing(each) for each in record.checks]
    for row, result in zip(rows, record.checks, strict=True):
        assert result.id in row[1].codes
        assert (plain(result.title) or "(untitled)") in row[1].text
        assert plain(result.covers[0].text) in row[1].text
        assert plain(result.why) in row[1].text
        assert plain(result.reason) in row[3].text
    (actions,) = parsed.tables_with("Status", "What")
    for result in record.checks:
        assert any(plain(result.remedy) in row[5].text for row in actions.rows[1:])
    told = [row[3].text for each in parsed.tables_with("State", "Role") for row in each.rows[1:]]
    for state, text in zip(decision.approvals if decision is not None else (), told, strict=decision is not None):
        assert plain(state.comment) in text
    return parsed


def terminal_is_unbroken(report: str) -> None:
    """The Markdown report, laid out for a terminal."""
    stream = io.StringIO()
    console = Console(file=stream, width=WIDTH, force_terminal=True, color_system=None)
    console.print(terminal.shown(report))
    lines = stream.getvalue().splitlines()
    assert [line for line in lines if visible(line) != line] == []
    assert len(lines) > 50


def html_is_unbroken(record: RunRecord, decision: Decision | None) -> None:
    """The page."""
    written = html.render(record, decision=decision)
    page = read_page(written)
    assert visible(written) == written
    assert (page.misnested, page.open) == ([], [])
    tags = {tag: len(page.all(tag)) for tag in ("script", "style", "h1", "form", "img", "iframe", "object", "main")}
    assert tags == {"script": 1, "style": 1, "h1": 1, "form": 1, "img": 0, "iframe": 0, "object": 0, "main": 1}
    names = [name for each in page.elements for name in each.attributes]
    assert [name for name in names if name.startswith("on") or name == "style"] == []
    assert [status for _, status in checks_of(page)] == [each.status.value for each in record.checks]
    outside = _outside(str(each.attributes["href"]) for each in page.all("a"))
    assert outside <= {plain(target) for target in _targets(record)}
    listed = [each.text for each in page.all("li") if "data-status" in each.attributes]
    for text, result in zip(listed, record.checks, strict=True):
        assert plain(result.reason) in text
        assert plain(result.remedy) in text
        assert plain(result.earlier[0].because) in text
    if decision is not None and decision.override is None:
        assert plain(decision.reasons[0]) in page.all("header")[0].text


def junit_is_unbroken(record: RunRecord, decision: Decision | None) -> None:
    """The XML."""
    written = junit.render(record, decision)
    root = fromstring(written.encode())
    assert visible(written) == written
    assert [outcome(case) for case in cases(root, "one")] == [EXPECTED[each.status] for each in record.checks]
    assert {each.tag for each in root.iter()} <= {
        "testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out",
    }  # fmt: skip
    assert all(case.get("name", "").count("\n") == 0 for case in root.iter("testcase"))
    green = [outcome(case) == "passed" for case in cases(root, "verdict")]
    assert green == ([False] if decision is None else [False, decision.decision is Decided.GO])


def table_is_unbroken(record: RunRecord, decision: Decision | None) -> None:
    """The CSV."""
    written = table.render(record, decision)
    assert visible(written) == written
    assert len(written.splitlines()) == 1 + len(record.checks)
    for row, result in zip(csv.DictReader(io.StringIO(written), strict=True), record.checks, strict=True):
        assert list(row) == list(table.COLUMNS)
        assert [each for each in row.values() if each[:1] in {"=", "+", "-", "@", "\t", "\r"}] == []
        assert row["status"] == result.status.value
        assert row["title"] == table.cell(result.title)
        assert row["reason"].removeprefix("'") == plain(result.reason).removeprefix("'")


def github_is_unbroken(record: RunRecord, decision: Decision | None) -> None:
    """The step's summary and the annotations."""
    written = github.summary(record, decision)
    parsed = parse(written)
    assert visible(written) == written
    assert [tag for tag in parsed.html if not OWN_HTML.fullmatch(tag)] == []
    assert parsed.links == []
    (stages,) = parsed.tables_with("Stage", "Verdict")
    assert {len(row) for each in parsed.tables for row in each.rows[1:]} <= {3, 4, 5}
    assert len(stages.rows) == 2
    for line in github.workflow_commands(record):
        assert "\n" not in line
        assert line.startswith(("::error title=", "::warning title=", "::notice title="))
        assert visible(line) == line


def gate_is_unbroken(decision: Decision) -> None:
    """What `signoff gate` prints."""
    lines = gate.lines_of(decision)
    assert [line for line in lines if visible(line) != line or "\n" in line] == []
    assert json.loads(json.dumps(gate.document(decision), allow_nan=False))["decision"] == decision.decision.value


def _targets(record: RunRecord) -> set[str]:
    """Where the run says that links may lead."""
    evidence = [evidence_target(each.path) for result in record.checks for each in result.whole_evidence]
    named = [*(each.runbook for each in record.checks), *(each.runbook for each in record.criteria)]
    return {target for target in (*evidence, *(runbook_target(each, "../..") for each in named)) if target}


def _outside(links: Iterable[str]) -> set[str]:
    return {link for link in links if not link.startswith("#")}
