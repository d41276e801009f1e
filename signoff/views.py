"""The views of a run that the command line writes and prints, by the name of their format."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checks.outcome import RunRecord


class Format(StrEnum):
    """A view of a run."""

    MARKDOWN = "md"
    JUNIT = "junit"
    JSON = "json"
    GITHUB = "github"
    CSV = "csv"
    HTML = "html"


def view(record: RunRecord, format_: Format) -> str:
    """A run in one of the formats."""
    from reports import github, html, junit, markdown, table

    renderers: dict[Format, Callable[[RunRecord], str]] = {
        Format.MARKDOWN: markdown.render,
        Format.JUNIT: junit.render,
        Format.JSON: lambda whole: whole.model_dump_json(indent=2) + "\n",
        Format.GITHUB: github.summary,
        Format.CSV: table.render,
        Format.HTML: html.render,
    }
    return renderers[format_](record)
