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
from reports.sections import same_heading
from tests.reports.hostile import examples, hostile_records
from tests.reports.parsed import Parsed, parse

OWN_HTML = re.compile(r'<a id="[\w-]+">|</a>|<br>|</?details>|<summary>\d+ [a-z ,]+</summary>')
BLOCKS = {"heading_open", "table_open", "tr_open", "bullet_list_open", "list_item_open", "blockquote_open", "fence"}
FOREIGN = {"image", "em_open", "s_open", "hardbreak", "softbreak"}
BECOMES_A_LINK = re.compile(r"://|www\.|@[A-Za-z0-9]|#[0-9]", re.IGNORECASE)


@given(hostile_records())
@settings(max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_breaks_out(record: RunRecord) -> None:
    report = render(record)
    parsed = parse(report)
    _assert_shape_is_that_of_harmless_words(parsed, record)
    assert [tag for tag in parsed.html if not OWN_HTML.fullmatch(tag)] == []
    assert visible(report) == report
    _assert_links_lead_only_where_the_record_says(parsed, record)
    _assert_what_is_read_back_is_what_the_record_says(parsed, record)


def _assert_shape_is_that_of_harmless_words(parsed: Parsed, record: RunRecord) -> None:
    assert _shape(parsed) == _shape(parse(render(_tamed(record))))
    assert parsed.types.isdisjoint(FOREIGN)
    for table in parsed.tables:
        assert {len(row) for row in table.rows} == {len(table.rows[0])}


def _assert_links_lead_only_where_the_record_says(parsed: Parsed, record: RunRecord) -> None:
    evidence = {evidence_target(each.path) for result in record.checks for each in result.evidence}
    named = [each.runbook for each in record.checks] + [each.runbook for each in record.criteria]
    runbooks = {runbook_target(each, "../..") for each in named}
    outside = {link for link in parsed.links if not link.startswith("#")}
    assert outside <= {normalizeLink(target) for target in evidence | runbooks if target}
    assert [text for text in parsed.texts if BECOMES_A_LINK.search(text)] == [], "GitHub would make links of these"


def _assert_what_is_read_back_is_what_the_record_says(parsed: Parsed, record: RunRecord) -> None:
    rows = [row for table in parsed.tables_with("Status", "Check") for row in table.rows[1:]]
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


def _shape(parsed: Parsed) -> list[str]:
    return [kind for kind in parsed.blocks if kind in BLOCKS]


def _tamed(record: RunRecord) -> RunRecord:
    """The same record with harmless words where texts stand outside of tables."""
    (stage,) = record.stages
    title = "Section" if same_heading(stage.title, stage.section) else "Title"
    release = record.release.model_copy(update={"name": "name", "version": "v1", "epic": "epic"})
    return record.model_copy(
        update={
            "release": release,
            "reasons": ("a", "b"),
            "findings": ("c",),
            "stages": (stage.model_copy(update={"section": "Section", "title": title}),),
        }
    )
