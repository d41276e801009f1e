"""The HTML view of a run: one file that needs nothing else, for a screen of any size, for print, and for a reader.

Templates escape by default, and write control and direction characters out. A content security policy allows the
page's own style and script only, by their digests, so that nothing that got in could run or be fetched.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from markupsafe import Markup

from checks.outcome import RunRecord, Status
from checks.signing.gate import Decision
from reports import charts, measures, observations, timeline
from reports.actions import actions_of, ways_of
from reports.anchors import Anchors
from reports.caveats import caveats_of, recommendation
from reports.excerpts import Excerpt
from reports.gate import banner_of, rows_of
from reports.links import runbook_target
from reports.markdown import report_title
from reports.outline import name_rows
from reports.sections import sections_of
from reports.templating import TEMPLATES, html_environment


def render(
    record: RunRecord,
    checklist_folder: str = "../..",
    decision: Decision | None = None,
    excerpts: Mapping[str, Excerpt] = MappingProxyType({}),
) -> str:
    """The whole page; the same record gives the same bytes.

    `checklist_folder` and `decision` are as in `reports.markdown.render`, `excerpts` are of evidence files by path.
    """
    anchors = Anchors()
    name_rows(record, anchors)
    style, script = (_asset(name) for name in ("report.css", "report.js"))
    return (
        html_environment()
        .get_template("report.html.j2")
        .render(
            record=record,
            title=report_title(record),
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            policy=f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}; base-uri 'none'",
            sections=sections_of(record),
            statuses=[(each, count) for each in Status if (count := record.counts.get(each))],
            banner=[] if decision is None else banner_of(decision),
            caveats=caveats_of(record),
            decision=decision,
            roles=rows_of(record, decision),
            recommendation=recommendation(record),
            actions=actions_of(record),
            ways=ways_of(record),
            figures=measures.figures_of(record),
            charts=charts.charts_of(record),
            excerpts=excerpts,
            history=timeline.timeline_of(record),
            timeline=timeline,
            chart=charts,
            parts=lambda result: observations.parts_of(result, record),
            anchor=lambda kind, row: anchors.row(kind, row) or "",
            runbook=lambda path: runbook_target(path, checklist_folder),
        )
    )


def _asset(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def content_policy(style: str) -> str:
    """A policy that allows this inline style and nothing else."""
    return f"default-src 'none'; style-src {_source(style)}; base-uri 'none'"


def _source(content: str) -> str:
    """How a policy names an inline style or script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
