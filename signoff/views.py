"""The views of a run that the command line writes and prints, by the name of their format."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from checks.outcome import RunRecord
    from checks.signing.gate import Decision


class Format(StrEnum):
    """A view of a run."""

    MARKDOWN = "md"
    JUNIT = "junit"
    JSON = "json"
    GITHUB = "github"
    CSV = "csv"
    HTML = "html"


FILE_NAMES = {
    Format.MARKDOWN: "report.md",
    Format.JUNIT: "junit.xml",
    Format.JSON: "verdict.json",
    Format.GITHUB: "summary.md",
    Format.CSV: "checks.csv",
    Format.HTML: "report.html",
}
"""What the files of each view are called."""


def view(run: Path, record: RunRecord, format_: Format, decision: Decision | None = None) -> str:
    """The record of a run's folder in one of the formats, with what a gate said of it where that was asked."""
    from reports import github, html, junit, markdown, table
    from reports.excerpts import excerpts_of

    renderers: dict[Format, Callable[[], str]] = {
        Format.MARKDOWN: lambda: markdown.render(record, decision=decision),
        Format.JUNIT: lambda: junit.render(record, decision),
        Format.JSON: lambda: _document(record, decision),
        Format.GITHUB: lambda: github.summary(record, decision),
        Format.CSV: lambda: table.render(record, decision),
        Format.HTML: lambda: html.render(record, decision=decision, excerpts=excerpts_of(run, record)),
    }
    return renderers[format_]()


def _document(record: RunRecord, decision: Decision | None) -> str:
    """The record as verdict.json has it; with a gate's decision beside it, as `gate`, where that was asked."""
    if decision is None:
        return record.model_dump_json(indent=2) + "\n"
    from reports.gate import document

    whole = {**record.model_dump(mode="json"), "gate": document(decision)}
    return json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
