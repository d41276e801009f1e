"""The Markdown report on a terminal: laid out, and whole."""

from __future__ import annotations

import io

from rich.console import Console

from checks.outcome import RunRecord
from reports import markdown, terminal
from tests.reports import records


def printed(record: RunRecord, width: int = 160) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width, force_terminal=True, color_system=None).print(
        terminal.shown(markdown.render(record))
    )
    return stream.getvalue()


def test_what_matters_is_there_without_html_and_without_links_that_lead_nowhere() -> None:
    record = records.no_go()
    written = printed(record, 1000)
    for each in record.checks:
        assert each.title in written
        assert each.id in written
    assert "<br>" not in written
    assert "<a id" not in written
    assert "details>" not in written
    assert "(#" not in written
    assert "Contents" not in written
