"""Nothing from a log, a response or a name breaks out of its place in the Markdown report."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from markdown_it.common.normalize_url import normalizeLink

from checks.outcome import RunRecord
from checks.redaction import visible
from reports import wording
from reports.escaping import plain
from reports.links import evidence_target, runbook_target
from reports.markdown import render
from tests.reports.hostile import hostile_records
from tests.reports.parsed import Parsed, parse

OWN_HTML = re.compile(r'<a id="[\w-]+">|</a>|<br>|</?details>|<summary>\d+ [a-z ,]+</summary>')
BLOCKS = {"heading_open", "table_open", "tr_open", "bullet_list_open", "list_item_open", "blockquote_open", "fence"}
THOROUGH = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(hostile_records())
@THOROUGH
def test_nothing_breaks_out(record: RunRecord) -> None:
    report = render(record)
    parsed = parse(report)
    assert _structure(parsed) == _structure(parse(render(_tamed(record))))
    for table in parsed.tables:
        assert {len(row) for row in table.rows} == {len(table.rows[0])}
    assert [tag for tag in parsed.html if not OWN_HTML.fullmatch(tag)] == []
    assert parsed.types.isdisjoint({"image", "em_open", "s_open", "hardbreak", "softbreak"})
    assert visible(report) == report
    report.encode()


@given(hostile_records())
@THOROUGH
def test_links_lead_only_where_the_record_says(record: RunRecord) -> None:
    parsed = parse(render(record))
    evidence = {evidence_target(each.path) for result in record.checks for each in result.evidence}
    named = [each.runbook for each in record.checks] + [each.runbook for each in record.criteria]
    runbooks = {runbook_target(runbook, "../..") for runbook in named}
    outside = {link for link in parsed.links if not link.startswith("#")}
    assert outside <= {_normal(target) for target in evidence | runbooks if target}
    for text in parsed.texts:
        assert not re.search(r"://|www\.|@[A-Za-z0-9]|#[0-9]", text, re.IGNORECASE), "GitHub would make a link of it"


@given(hostile_records())
@THOROUGH
def test_what_is_read_back_is_what_the_record_says(record: RunRecord) -> None:
    parsed = parse(render(record))
    rows = [row for table in parsed.tables_with("Status", "Check") for row in table.rows[1:]]
    assert [row[0].text for row in rows] == [wording.standing(each) for each in record.checks]
    for row, result in zip(rows, record.checks, strict=True):
        assert result.id in row[1].codes
        assert (plain(result.title) or "(untitled)") in row[1].text
        assert plain(result.covers[0].text) in row[1].text
        assert plain(result.why) in row[1].text
        assert plain(result.reason) in row[3].text
    (actions,) = parsed.tables_with("Status", "What")
    remedies = {row[5].text for row in actions.rows[1:]}
    for result in record.checks:
        assert any(plain(result.remedy) in remedy for remedy in remedies)


def _structure(parsed: Parsed) -> list[str]:
    return [kind for kind in parsed.blocks if kind in BLOCKS]


def _normal(target: str) -> str:
    return normalizeLink(target)


def _tamed(record: RunRecord) -> RunRecord:
    """The same record with harmless words in place of its texts."""
    release = record.release.model_copy(
        update={"name": "name", "version": "v1", "epic": record.release.epic and "epic"}
    )
    (stage,) = record.stages
    title = "Section" if plain(stage.title) == plain(stage.section) else "Title"
    stage = stage.model_copy(update={"title": title, "section": "Section"})
    words = {"reasons": ("a",) * len(record.reasons), "findings": ("c",) * len(record.findings)}
    return record.model_copy(update={"release": release, "stages": (stage,), **words})
