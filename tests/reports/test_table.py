"""The CSV view, read back and compared with the record."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings

from checks.outcome import RunRecord
from checks.redaction import visible
from reports import table
from reports.escaping import plain
from tests.reports import records
from tests.reports.hostile import examples, hostile_records


def rows(record: RunRecord) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.render(record)), strict=True))


@pytest.mark.parametrize("make", [records.go, records.no_go, records.partial])
def test_every_check_is_a_row(make: Callable[[], RunRecord]) -> None:
    record = make()
    found = rows(record)
    assert [(row["id"], row["status"], row["stage"]) for row in found] == [
        (each.id, each.status, each.stage) for each in record.checks
    ]
    for row, result in zip(found, record.checks, strict=True):
        assert row["reason"] == result.reason
        assert row["required"] == str(result.required).lower()
        assert row["lines"].split() == [str(each.line) for each in result.covers]
        assert row["evidence"].split() == [each.path for each in result.evidence]


@given(hostile_records())
@settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_cell_is_a_formula_or_breaks_its_line(record: RunRecord) -> None:
    written = table.render(record)
    assert visible(written) == written
    assert len(written.splitlines()) == 1 + len(record.checks)
    for row, result in zip(rows(record), record.checks, strict=True):
        assert list(row) == list(table.COLUMNS)
        assert [each for each in row.values() if each[:1] in {"=", "+", "-", "@", "\t", "\r"}] == []
        assert row["title"] == table.cell(result.title)
        assert row["reason"].removeprefix("'") == plain(result.reason).removeprefix("'")
