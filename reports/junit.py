"""The JUnit view of a run, for CI systems that show test results; GitLab and GitHub actions read the same dialect.

Suites are stages. Nothing is green that did not pass: what holds the verdict is an error, what has no say is skipped,
and a suite of its own carries the verdict, so that a run in which everything was skipped is not green.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree as Xml

from checks.outcome import Criterion, Result, RunRecord, Status, Verdict
from checks.redaction import visible
from checks.signing.gate import Decided, Decision
from reports import wording
from reports.escaping import plain
from reports.gate import banner_of
from reports.markdown import report_title
from reports.observations import expected_lines, observed_lines

Outcome = Literal["passed", "failure", "error", "skipped"]

OUTCOMES: dict[Status, Outcome] = {
    Status.PASS: "passed",
    Status.WARN: "passed",
    Status.FAIL: "failure",
    Status.NO_DATA: "error",
    Status.ERROR: "error",
    Status.PENDING: "error",
    Status.BLOCKED: "error",
    Status.WAIVED: "skipped",
    Status.NOT_SELECTED: "skipped",
    Status.NOT_APPLICABLE: "skipped",
    Status.SCHEDULED: "skipped",
}
VERDICTS: dict[Verdict, Outcome] = {Verdict.GO: "passed", Verdict.HOLD: "error", Verdict.NO_GO: "failure"}
_GATE: dict[Decided, Outcome] = {
    Decided.GO: "passed",
    Decided.HOLD: "error",
    Decided.NO_GO: "failure",
    Decided.OVERRIDDEN: "skipped",
}
_CRITERIA: dict[str, Outcome] = {"clear": "passed", "breached": "failure", "unknown": "error"}
_STEPS: dict[str, Outcome] = {"ready": "passed", "not_ready": "error"}

_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Case:
    """One test case: what it is about, how it ended, and the lines that tell more."""

    name: str
    outcome: Outcome
    message: str
    seconds: float = 0.0
    lines: tuple[str, ...] = ()


def render(record: RunRecord, decision: Decision | None = None) -> str:
    """The whole of junit.xml; the same record, and the same decision of a gate, give the same bytes."""
    root = Xml.Element("testsuites", name=_line(report_title(record)))
    suites = [_suite(root, name, suite_id, cases) for name, suite_id, cases in _suites(record, decision)]
    for total in ("tests", "failures", "errors", "skipped"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in suites)))
    root.set("time", _seconds((record.finished_at - record.started_at).total_seconds()))
    for suite in suites:
        suite.set("timestamp", record.started_at.isoformat())
    Xml.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def outcome(result: Result) -> Outcome:
    """How a result shows in JUnit; a trial has no say, whatever it found."""
    if result.trial and result.status is not Status.PASS:
        return "skipped"
    return OUTCOMES[result.status]


def _judged(criterion: Criterion) -> Outcome:
    """How a criterion shows; one that only warns has no say."""
    return "skipped" if criterion.severity == "warn" and criterion.state != "clear" else _CRITERIA[criterion.state]


def _suites(record: RunRecord, decision: Decision | None) -> Iterable[tuple[str, str, list[Case]]]:
    verdict = Case(
        "verdict",
        VERDICTS[record.verdict],
        "; ".join(record.reasons),
        lines=(f"scope: {record.scope}", *record.reasons),
    )
    yield "Verdict", "verdict", [verdict, *_gate(decision)]
    stages = {stage.id: stage.title for stage in record.stages}
    stages |= {result.stage: result.stage for result in record.checks if result.stage not in stages}
    for stage, title in stages.items():
        cases = [_case(result) for result in record.checks if result.stage == stage]
        if cases:
            yield title, stage, cases
    criteria = [
        Case(f"{each.id}: {each.title}", _judged(each), each.reason, lines=(each.expected, each.reason))
        for each in record.criteria
    ]
    steps = [
        Case(f"{each.id}: {each.title}", _STEPS[each.state], each.reason, lines=each.dry_run)
        for each in record.procedure
    ]
    for title, suite_id, found in (("Rollback criteria", "criteria", criteria), ("Rollback steps", "procedure", steps)):
        if found:
            yield title, suite_id, found


def _gate(decision: Decision | None) -> list[Case]:
    """What a gate said; a release that goes by an override only is not green."""
    if decision is None:
        return []
    lines = (*banner_of(decision), *decision.reasons)
    return [Case("gate", _GATE[decision.decision], f"{decision.decision.value}: {lines[0]}", lines=lines)]


def _case(result: Result) -> Case:
    told = {
        "status": [wording.standing(result)],
        "expected": expected_lines(result),
        "observed": observed_lines(result),
        "reason": [result.reason] if result.reason else [],
        "remedy": [result.remedy] if result.remedy else [],
        "runbook": [result.runbook] if result.runbook else [],
        "evidence": [each.path for each in result.evidence],
    }
    lines = tuple(f"{name}: {plain(line)}" for name, found in told.items() for line in found)
    message = f"{wording.standing(result)}: {result.reason}" if result.reason else wording.standing(result)
    return Case(f"{result.id}: {result.title}", outcome(result), message, result.duration_ms / 1000, lines)


def _suite(root: Xml.Element, name: str, suite_id: str, cases: list[Case]) -> Xml.Element:
    suite = Xml.SubElement(root, "testsuite", name=_line(name), id=_line(suite_id), tests=str(len(cases)))
    for attribute, counted in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.outcome == counted for case in cases)))
    suite.set("time", _seconds(sum(case.seconds for case in cases)))
    for case in cases:
        element = Xml.SubElement(suite, "testcase", classname=_line(suite_id), name=_line(case.name))
        element.set("time", _seconds(case.seconds))
        text = "\n".join(_line(line) for line in case.lines)
        if case.outcome == "passed":
            Xml.SubElement(element, "system-out").text = text
        else:
            Xml.SubElement(element, case.outcome, message=_line(case.message)).text = text
    return suite


def _line(text: str) -> str:
    """One line of characters that XML can hold."""
    return _NOT_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", visible(plain(text)))


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
