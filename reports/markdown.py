"""The Markdown view of a run: the sign-off report.

Templates escape by default: whatever they write goes through `reports.escaping.text`, unless a function of that
module made it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, Template
from markupsafe import Markup

from checks.outcome import Earlier, EvidenceFile, Result, RunRecord
from checks.signing.gate import Decision
from reports import escaping, measures, observations, values, wording
from reports.actions import MOST_WAYS, actions_of, ways_of
from reports.anchors import Anchors
from reports.caveats import caveats_of, recommendation
from reports.gate import rows_of
from reports.line_index import line_index
from reports.links import evidence_target, runbook_target
from reports.outline import name_rows, outline
from reports.sections import sections_of, stories_of
from reports.templating import environment

MOST_REASONS = 20
MOST_ATTEMPTS = 100


def render(record: RunRecord, checklist_folder: str = "../..", decision: Decision | None = None) -> str:
    """The report of a run, in GitHub's Markdown; the same record gives the same bytes.

    `checklist_folder` is the way from the run's folder to the checklist's, where paths of runbooks start; `../..`
    holds for runs in their default place, `signoff-runs/<run>/`. `decision` is what a gate said of the run.
    """
    anchors = Anchors()
    sections = sections_of(record)
    title = report_title(record)
    headings = outline(title, sections, anchors)
    name_rows(record, anchors)
    return template("report.md.j2").render(
        record=record,
        title=title,
        sections=sections,
        headings=headings,
        caveats=caveats_of(record, decision),
        decision=decision,
        roles=rows_of(record, decision),
        recommendation=recommendation(record),
        actions=actions_of(record),
        ways=ways_of(record),
        figures=measures.figures_of(record),
        stories=stories_of(record),
        lines=line_index(record, decision),
        evidence=[each for result in record.checks for each in result.whole_evidence],
        parts=lambda result: observations.parts_of(result, record),
        place=lambda kind, row: _place(anchors.row(kind, row)),
        to_row=lambda label, kind, row: _to_row(label, anchors.row(kind, row)),
        to_heading=lambda heading: _to_row(heading.title, heading.anchor),
        runbook=lambda path: _runbook(path, checklist_folder),
    )


def report_title(record: RunRecord) -> str:
    """The report's first line: verdict, how far it reaches, and the release."""
    reach = [
        word for word, holds in (("partial", record.scope == "partial"), ("interrupted", record.interrupted)) if holds
    ]
    reached = f" ({', '.join(reach)})" if reach else ""
    return f"{wording.verdict(record.verdict)}{reached}: {record.release.name} {record.release.version}"


def template(name: str) -> Template:
    """A Markdown template, in which everything that is written is escaped and the words of reports are filters."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    made = environment(escaping.text)
    made.filters |= {
        "row": escaping.row,
        "titled": escaping.titled,
        "code": escaping.code,
        "stacked": escaping.stacked,
        "settings": _settings,
        "evidence_links": _evidence_links,
        "counts": _counts,
        "tests_seen": _tests_seen,
        "row_name": _row_name,
    }
    made.globals |= {
        "MOST_REASONS": MOST_REASONS,
        "MOST_ATTEMPTS": MOST_ATTEMPTS,
        "MOST_WAYS": MOST_WAYS,
        "br": escaping.LINE_BREAK,
        "indent": Markup("  "),
        "evidence_link": _evidence_link,
    }
    return made


def _place(anchor: str | None) -> Markup:
    return Markup('<a id="{}"></a>').format(anchor) if anchor else Markup("")


def _to_row(label: object, anchor: str | None) -> Markup:
    return escaping.link(label, f"#{anchor}" if anchor else None)


def _runbook(runbook: str | None, checklist_folder: str) -> Markup:
    if not runbook:
        return Markup("")
    target = runbook_target(runbook, checklist_folder)
    return escaping.link("runbook" if target else f"runbook: {runbook}", target)


def _evidence_links(result: Result | Earlier) -> Markup:
    return escaping.LINE_BREAK.join([escaping.link(each.name, evidence_target(each.path)) for each in result.evidence])


def _evidence_link(file: EvidenceFile) -> Markup:
    return escaping.link(file.path, evidence_target(file.path))


def _settings(chosen: Mapping[str, object]) -> Markup:
    return Markup(", ").join(
        Markup(" ").join((escaping.code(name), escaping.text(values.worded(value)))) for name, value in chosen.items()
    )


def _counts(results: tuple[Result, ...]) -> str:
    counted = [(status, sum(each.status is status for each in results)) for status in wording.SYMBOLS]
    return " · ".join(f"{wording.SYMBOLS[status]} {count} {status.value}" for status, count in counted if count)


def _tests_seen(result: Result) -> str:
    return values.worded(result.observed.get("passed"))


def _row_name(check_id: str) -> str:
    return check_id.partition("[")[2].removesuffix("]")
