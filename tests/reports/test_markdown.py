"""The Markdown report says what the record says, in the page's order, byte for byte the same each time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from checks.outcome import RunRecord, Status, Verdict
from checks.ways_out import ways_out
from reports import wording
from reports.actions import MOST_WAYS
from reports.markdown import MOST_ATTEMPTS, render
from tests.reports import records
from tests.reports.parsed import Cell, Parsed, parse

RECORDS = [records.go, records.no_go, records.partial]


class MarkdownFile(SingleFileSnapshotExtension):
    """One readable file a report."""

    file_extension = "md"
    _write_mode = WriteMode.TEXT


@pytest.mark.parametrize("make", RECORDS)
def test_report_is_the_golden_one(make: Callable[[], RunRecord], snapshot: SnapshotAssertion) -> None:
    report = render(make())
    assert report == snapshot(extension_class=MarkdownFile)


@pytest.mark.parametrize("make", RECORDS)
def test_a_record_read_back_gives_the_same_bytes(make: Callable[[], RunRecord]) -> None:
    record = make()
    assert render(RunRecord.model_validate_json(record.model_dump_json())) == render(record)


@pytest.mark.parametrize("make", RECORDS)
def test_every_status_read_back_is_that_of_the_record(make: Callable[[], RunRecord]) -> None:
    record = make()
    rows = [row for table in parse(render(record)).tables_with("Status", "Check") for row in table.rows[1:]]
    shown = {_last_code(row[1]): row[0].text for row in rows}
    assert shown == {each.id: wording.standing(each) for each in record.checks}
    for each in record.checks:
        assert f" {each.status.value}" in shown[each.id]


@pytest.mark.parametrize("make", RECORDS)
def test_states_of_criteria_steps_and_roles_read_back(make: Callable[[], RunRecord]) -> None:
    record = make()
    parsed = parse(render(record))
    assert _states(parsed, "State", "Criterion") == [each.state for each in record.criteria]
    assert _states(parsed, "State", "Role") == [each.state for each in record.approvals]
    steps = [row[2].text for table in parsed.tables_with("#", "Step") for row in table.rows[1:]]
    assert steps == [wording.STEP_SYMBOLS[each.state] for each in record.procedure]


@pytest.mark.parametrize("make", RECORDS)
def test_the_first_line_is_verdict_and_release(make: Callable[[], RunRecord]) -> None:
    record = make()
    first = render(record).splitlines()[0]
    assert first.startswith(f"# {wording.verdict(record.verdict)}")
    assert first.endswith("Image proxy v3.3.20")
    assert ("partial" in first) == (record.scope == "partial")
    assert ("interrupted" in first) == record.interrupted


def test_headings_are_the_pages_own_in_its_order() -> None:
    headings = [title for _, title in parse(render(records.no_go())).headings]
    page = [
        "What to do next",
        "Pre-Deployment Validation",
        "Code Quality",
        "Integration Validation",
        "Deployment Configuration",
        "Configuration Validation",
        "Deployment Steps",
        "Step 5: Monitor Deployment",
        "Post-Deployment Validation",
        "Performance Checks",
        "Rollback Criteria",
        "Rollback Procedure",
        "Epic-007 Completion Status",
        "Story Completion Summary",
        "Acceptance Criteria Met",
        "Sign-Off",
        "Integration Lead",
        "Team Sign-Offs",
        "Next Steps",
        "Metrics",
        "Findings",
        "Lines of the page",
        "Provenance",
    ]
    assert [title for title in headings if title in page] == page


def test_every_line_of_the_page_is_in_the_index_in_order() -> None:
    record = records.no_go()
    (table,) = parse(render(record)).tables_with("Line", "Text")
    lines = [int(row[0].text) for row in table.rows[1:]]
    covers = [each.covers for each in record.checks] + [each.covers for each in record.criteria]
    covers += [each.covers for each in record.procedure] + [each.covers for each in record.approvals]
    assert lines == sorted(line.line for each in covers for line in each)
    hit_rate = next(row for row in table.rows if row[0].text == "316")
    assert [cell.text for cell in hit_rate[1:]] == ["Cache hit rate ≥30%", "cache-hit-rate", "❌ fail"]


def test_what_to_do_names_everything_open_the_most_weighty_first() -> None:
    (table,) = parse(render(records.no_go())).tables_with("Status", "What")
    assert [_last_code(row[1]) for row in table.rows[1:]] == [
        "error-rate",
        "degradation",
        "restore-configuration",
        "cache-hit-rate",
        "ac-2",
        "proxy-running",
        "error-rate",
        "smoke",
        "icon-seen",
        "warnings",
        "trial-latency",
    ]
    hit_rate = table.rows[4]
    assert [cell.text for cell in hit_rate[2:5]] == [
        "at least 30 %",
        "29.996 %",
        "value: observed 29.996 %, expected at least 30 %",
    ]
    assert hit_rate[5].text == "look for entries that leave too early runbook"
    assert hit_rate[1].links == ["#check-cache-hit-rate"]
    assert hit_rate[5].links == ["https://example.org/runbooks/cache#hit-rate"]


def test_the_ways_out_are_the_engines_own_as_of_the_runs_end() -> None:
    record = records.no_go()
    (table,) = parse(render(record)).tables_with("About", "Way", "Command")
    ways = ways_out(record, "RUN", record.finished_at)
    assert len(ways) > 10
    assert [[cell.text for cell in row] for row in table.rows[1:]] == [
        [way.about, way.way, way.command] for way in ways
    ]
    assert "None is needed: the evidence says GO." in render(records.go())
    assert "Run the whole checklist" in render(records.record(scope="partial"))


def test_many_ways_out_are_cut_with_a_count() -> None:
    checks = tuple(records.result(f"c-{each}", Status.FAIL) for each in range(MOST_WAYS))
    report = render(records.record(checks, verdict=Verdict.NO_GO))
    (table,) = parse(report).tables_with("About", "Way", "Command")
    assert len(table.rows) == MOST_WAYS + 1
    assert f"<summary>{2 * MOST_WAYS + 1} commands</summary>" in report
    assert "`signoff status RUN` has all" in report


def test_what_was_looked_at_again_shows_what_it_was_before_and_who_asked() -> None:
    parsed = parse(render(records.no_go()))
    (earlier,) = parsed.tables_with("Started", "Status", "Reason", "Looked at again because")
    assert [cell.text for cell in earlier.rows[1]][1:5] == [
        "◻ no_data, 2 attempts",
        "12 samples, and at least 200 are needed",
        "the traffic had not begun",
        "too-early.json",
    ]
    assert earlier.rows[1][4].links == ["evidence/cache-hit-rate/too-early.json"]
    (reruns,) = parsed.tables_with("When", "Checks", "Why")
    assert [cell.text for cell in reruns.rows[1]] == [
        "2026-01-11 10:01:00 UTC",
        "cache-hit-rate\nac-2",
        "the traffic had not begun",
        "release-manager",
    ]


def test_at_most_twenty_reasons_are_shown_and_the_rest_counted() -> None:
    report = render(records.no_go())
    assert "- check-19: fail: observed 19\n- … and 3 more;" in report
    assert "check-20" not in report


def test_the_lead_recommends_what_the_evidence_says() -> None:
    assert "**Recommendation**: READY FOR PRODUCTION" in render(records.record())
    assert "**Recommendation**: NOT READY" in render(records.no_go())
    assert "**Recommendation**: ON HOLD" in render(records.partial())


def test_a_go_of_a_selection_is_never_recommended() -> None:
    report = render(records.record(scope="partial"))
    assert "**Recommendation**: ON HOLD" in report
    assert "**Partial: only a selection of the checklist was run." in report
    assert "Nothing is open but the signatures" not in report


def test_a_reference_run_says_what_it_was_run_against() -> None:
    report = render(records.go())
    assert "**Reference run: the target is the reference proxy" in report
    assert "short spans" in report
    assert "**Synthetic traffic: every measure is of requests that the run made itself" in report


def test_users_traffic_needs_no_caveat() -> None:
    target = records.record().target.model_copy(update={"synthetic": "none"})
    assert "synthetic" not in render(records.record(target=target)).partition("## Reasons")[0].lower()


def test_unknown_traffic_is_said_to_be_unknown() -> None:
    target = records.record().target.model_copy(update={"synthetic": "unknown"})
    assert "It is not known whether the measures are of users' requests" in render(records.record(target=target))


def test_why_a_check_differs_from_the_page_is_shown_also_where_it_passed() -> None:
    (cell,) = _cells_of("cache-directory", parse(render(records.go())))
    assert "Why: The page asks for 755" in cell[1].text
    assert cell[3].text == "mode: 0700"


def test_a_property_goes_without_its_name_only_where_it_is_alone() -> None:
    facts = {"expected": {"exists": "exists", "value": "at least 10"}, "observed": {"exists": True, "value": 16}}
    check = records.result("deliverable", Status.PASS, **facts)
    (both,) = _cells_of("deliverable", parse(render(records.record((check,)))))
    assert both[2].text.splitlines() == ["exists: exists", "value: at least 10"]
    assert both[3].text.splitlines() == ["exists: true", "value: 16"]


def test_a_rollup_shows_its_parts_with_their_statuses() -> None:
    parsed = parse(render(records.no_go()))
    (whole,) = _cells_of("ac-1", parsed)
    assert whole[3].text.splitlines() == [
        "✅ pass unit-tests",
        "✅ pass formatter",
        "✅ pass story[007-01]",
        "✅ pass story[007-02]",
    ]
    assert whole[3].links[0] == "#check-unit-tests"
    (broken,) = _cells_of("ac-2", parsed)
    assert broken[3].text.splitlines() == [
        "❌ fail cache-hit-rate",
        "❔ not in the record no-such-check",
        "cache-hit-rate fail",
    ]


def test_rounds_are_folded_and_many_are_cut_with_a_count() -> None:
    rounds = tuple(records.attempt(Status.PASS, number) for number in range(MOST_ATTEMPTS + 5))
    report = render(records.record((records.PASSING[0].model_copy(update={"attempts": rounds}),)))
    (table,) = parse(report).tables_with("Started", "Status")
    assert len(table.rows) == MOST_ATTEMPTS + 1
    assert f"<summary>{MOST_ATTEMPTS + 5} attempts</summary>" in report
    assert f"These are the last {MOST_ATTEMPTS}" in report


def test_a_waiver_is_named_with_who_and_until_when() -> None:
    (audit,) = _cells_of("audit", parse(render(records.no_go())))
    assert audit[0].text == "📝 waived (was fail)"
    assert "waiver w-1 by security until 2026-02-01 23:59:59 UTC" in audit[3].text


def test_metrics_have_value_interval_samples_and_trend() -> None:
    (table,) = parse(render(records.no_go())).tables_with("Status", "Measure")
    assert [cell.text for cell in table.rows[1]][1:] == [
        "Monitored for the first hour",
        "1.2 %",
        "0.4 % to 3.6 %",
        "240",
        "2, from 2026-01-11 10:00:00 UTC to 2026-01-11 10:03:00 UTC",
        "all",
        "rising",
    ]
    assert [cell.text for cell in table.rows[4]][2:] == ["—", "—", "3", "—", "—", "—"]


def test_evidence_is_listed_with_its_digest_and_linked() -> None:
    (table,) = parse(render(records.go())).tables_with("File", "Bytes", "SHA-256")
    assert [cell.text for cell in table.rows[1]] == ["evidence/unit-tests/tests.txt", "1234", records.SHA]
    assert table.rows[1][0].links == ["evidence/unit-tests/tests.txt"]


def test_runbooks_are_looked_for_where_the_checklist_is() -> None:
    report = render(records.go(), checklist_folder="../../my service")
    assert "[runbook](../../my%20service/runbooks/testing.md#unit-tests)" in report


def test_a_checklist_with_nothing_in_it_still_renders() -> None:
    record = records.record((), stages=(), criteria=(), procedure=(), approvals=(), verdict=Verdict.HOLD)
    report = render(record)
    assert "The checklist has none." in report
    assert "The checklist asks for none." in report
    assert "No check names a line of a page." in report
    assert "No evidence was stored." in report
    assert "Nothing was measured." in report


def test_every_link_inside_the_report_leads_somewhere() -> None:
    report = render(records.no_go())
    parsed = parse(report)
    places = {tag[len('<a id="') : -len('">')] for tag in parsed.html if tag.startswith("<a id=")}
    places |= {title.lower().replace(" ", "-").replace(":", "") for _, title in parsed.headings}
    inside = [link[1:] for link in parsed.links if link.startswith("#")]
    assert len(inside) > 50
    assert [link for link in inside if link not in places] == []


def _last_code(cell: Cell) -> str:
    return cell.codes[-1]


def _states(parsed: Parsed, *header: str) -> list[str]:
    return [row[0].text.split(" ")[1] for table in parsed.tables_with(*header) for row in table.rows[1:]]


def _cells_of(check_id: str, parsed: Parsed) -> list[list[Cell]]:
    tables = parsed.tables_with("Status", "Check")
    return [row for table in tables for row in table.rows[1:] if _last_code(row[1]) == check_id]
