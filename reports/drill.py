"""The Markdown and HTML views of a drill."""

from __future__ import annotations

from markupsafe import Markup

from checks.drill.outcome import DrillRecord
from reports import drill_matrix, markdown
from reports.html import content_policy
from reports.templating import TEMPLATES, html_environment


def render_markdown(record: DrillRecord) -> str:
    """The drill as Markdown: what was missed first, then every fault, the matrix, and the checks turned round."""
    return markdown.template("drill.md.j2").render(**_facts(record))


def render_html(record: DrillRecord) -> str:
    """The drill as one HTML page that needs nothing else."""
    style = (TEMPLATES / "drill.css").read_text(encoding="utf-8")
    facts = {**_facts(record), "style": Markup(style), "policy": content_policy(style)}  # noqa: S704 - our own file
    return html_environment().get_template("drill.html.j2").render(**facts)


def _facts(record: DrillRecord) -> dict[str, object]:
    return {
        "record": record,
        "title": title(record),
        "counts": drill_matrix.counts(record),
        "matrices": drill_matrix.matrices_of(record),
        "beside": drill_matrix.side_by_side(record),
        "turned": drill_matrix.turned(record),
        "words": drill_matrix.WORDS,
        "legend": drill_matrix,
    }


def title(record: DrillRecord) -> str:
    """The first line: how the drill ended."""
    run = sum(fault.state not in {"not_possible", "not_run"} for fault in record.faults)
    ended = f"{len(record.caught)} of {run} faults caught, {record.false_alarms} false alarms"
    return f"Drill (interrupted): {ended}" if record.interrupted else f"Drill: {ended}"
