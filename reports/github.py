"""What GitHub shows of a run: a summary short enough for a step or a comment, and annotations."""

from __future__ import annotations

from collections.abc import Iterator

from checks.outcome import RunRecord, Status, Verdict
from checks.signing.gate import Decision
from reports import measures, wording
from reports.actions import actions_of
from reports.caveats import caveats_of
from reports.escaping import plain
from reports.markdown import report_title, template

MAX_BYTES = 65_000
"""A comment may have 65,536 characters, a step's summary more."""
MOST_CAVEATS = 20
"""Sentences beside the verdict that a summary shows; an override may list many."""
MOST_ANNOTATIONS = 10
"""Annotations of one kind that GitHub shows for a step."""

_FORMS = ((1_000, True), (200, True), (40, False), (10, False), (0, False))
"""How many open points are shown, and whether stages and metrics are; the first form that is short enough is used."""


def summary(record: RunRecord, decision: Decision | None = None) -> str:
    """Markdown under 65,000 bytes: verdict, reasons, what to do; stages and metrics are folded, or left out."""
    for most, details in _FORMS:
        written = template("summary.md.j2").render(
            record=record,
            title=report_title(record),
            caveats=_few(caveats_of(record, decision)),
            actions=actions_of(record),
            most=most,
            details=details,
            figures=measures.figures_of(record),
        )
        if len(written.encode()) < MAX_BYTES:
            break
    return written


def _few(caveats: list[str]) -> list[str]:
    more = len(caveats) - MOST_CAVEATS
    return [*caveats[:MOST_CAVEATS], f"… and {more} more; the report has all."] if more > 0 else caveats


def workflow_commands(record: RunRecord) -> list[str]:
    """Workflow commands, at most ten of errors and ten of warnings: the verdict, and the checks behind it.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
    """
    found: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    for level, title, message in _findings(record):
        if len(found[level]) < MOST_ANNOTATIONS:
            found[level].append(f"::{level} title={_property(title)}::{_message(message)}")
    return [line for lines in found.values() for line in lines]


def _findings(record: RunRecord) -> Iterator[tuple[str, str, str]]:
    level = {Verdict.GO: "notice", Verdict.HOLD: "warning", Verdict.NO_GO: "error"}[record.verdict]
    yield level, "signoff", report_title(record)
    for result in record.checks:
        if result.status in wording.REMEDIES:
            failed = result.status is Status.FAIL and not result.trial
            told = f"{wording.standing(result)}: {result.title}: {result.reason}"
            yield "error" if failed else "warning", result.id, told
    for criterion in record.criteria:
        if criterion.state == "breached" or (criterion.state == "unknown" and criterion.severity == "rollback"):
            breached = criterion.state == "breached" and criterion.severity == "rollback"
            told = f"{wording.criterion(criterion)}: {criterion.title}: {criterion.reason}"
            yield "error" if breached else "warning", criterion.id, told


def _message(text: str) -> str:
    return plain(text).replace("%", "%25")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
