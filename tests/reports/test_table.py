"""The CSV view, read back and compared with the record."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest

from checks.outcome import RunRecord
from reports import table
from tests.reports import records


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
