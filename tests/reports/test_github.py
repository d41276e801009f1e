"""The step's summary and the annotations: short, and whole in what matters."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from checks.outcome import RunRecord, Status, Verdict
from reports import github, wording
from reports.markdown import report_title
from tests.reports import records
from tests.reports.parsed import parse


@pytest.mark.parametrize("make", [records.go, records.no_go, records.partial])
def test_the_summary_reads_back(make: Callable[[], RunRecord]) -> None:
    record = make()
    parsed = parse(github.summary(record))
    assert parsed.headings == [(2, report_title(record))]
    (stages,) = parsed.tables_with("Stage", "Verdict")
    assert [row[1].text for row in stages.rows[1:]] == [wording.verdict(each.verdict) for each in record.stages]
    listed = parsed.tables_with("Status", "What")
    named = {code for table in listed for row in table.rows[1:] for code in row[1].codes}
    assert {each.id for each in record.checks if each.status in wording.REMEDIES} <= named


@pytest.mark.parametrize("count", [300, 2000])
def test_a_large_run_has_a_short_summary(count: int) -> None:
    checks = tuple(records.result(f"c-{each}", Status.FAIL, reason="w" * 600) for each in range(count))
    written = github.summary(records.record(checks, verdict=Verdict.NO_GO, reasons=tuple("r" * 50 for _ in checks)))
    assert len(written) < 65_000
    assert f"{count} open points" in written
    assert f"… and {count - 20} more" in written


def test_annotations_name_what_stands_behind_the_verdict() -> None:
    lines = github.workflow_commands(records.no_go())
    assert lines[0] == "::error title=signoff::" + report_title(records.no_go())
    assert any(line.startswith("::error title=cache-hit-rate::") and "29.996 %25" in line for line in lines)
    assert any(line.startswith("::warning title=error-rate::") for line in lines)
    assert len(github.workflow_commands(records.go())) == 1


def test_annotations_are_few() -> None:
    checks = tuple(records.result(f"c-{each}", Status.FAIL) for each in range(50))
    assert len(github.workflow_commands(records.record(checks, verdict=Verdict.NO_GO))) == github.MOST_ANNOTATIONS
