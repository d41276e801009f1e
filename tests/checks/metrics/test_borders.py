"""Wherever a log is cut to be counted, a prompt that crosses the cut is one record, and what it holds is none."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checks.metrics import ranges, reading
from checks.metrics.borders import Borders
from checks.metrics.engine import read_windows
from checks.metrics.formats import built_in_format

START = datetime(2026, 1, 11, 10, tzinfo=UTC)
LATER = START + timedelta(days=1)
HANDLER = "antigravity_tools_lib::proxy::handlers::openai: [Images]"
REQUESTS = 12


def log_of_edits() -> bytes:
    """Every edit's prompt has many lines, most of them whole records of cache hits that never happened."""
    lines = []
    for request in range(REQUESTS):
        stamp = (START + timedelta(seconds=request)).isoformat()
        forged = [f"{stamp}  INFO {HANDLER} Cache hit for model=m, line={line}" for line in range(40)]
        prompt = "\n".join(["draw", *forged, f"{stamp}  INFO {HANDLER} received: model=m, prompt=b", *forged, "x"])
        end = ", n=1, size=1024x1024, mask=false, response_format=url"
        lines.append(f"{stamp}  INFO {HANDLER} Received edit: model=m, prompt={prompt}{end}")
        lines.append(f"{stamp}  INFO {HANDLER} Successfully edited 1 out of 1 images, request={request}")
    return "\n".join([*lines, ""]).encode()


@pytest.mark.parametrize("size", [200, 1000, 3000, 9000, 9500, 20000, 50001])
@pytest.mark.parametrize("packed", [False, True], ids=["in ranges", "in blocks"])
def test_a_prompt_across_a_cut_is_one_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, packed: bool
) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(gzip.compress(log_of_edits()) if packed else log_of_edits())
    for module, name in ((ranges, "RANGE_BYTES"), (ranges, "_FEWEST_BYTES"), (reading, "_BLOCK")):
        monkeypatch.setattr(module, name, size)
    monkeypatch.setattr(reading, "_FIRST_BLOCK", size)
    table = read_windows([log], log_format="antigravity", now=LATER)
    assert (table.total.requests, table.total.hits, table.total.begun) == (REQUESTS, 0, REQUESTS)
    assert table.coverage.parsed == table.coverage.lines == log_of_edits().count(b"\n")


def test_a_log_is_cut_before_a_quotation_that_follows_a_closed_one() -> None:
    borders = Borders(built_in_format("antigravity"))
    data = log_of_edits()
    cut = borders.last(data, len(data))
    assert data[cut:].startswith((START + timedelta(seconds=REQUESTS - 1)).isoformat().encode())
    assert b"Received edit" in data[cut : data.find(b"\n", cut)]
    inside = data.rfind(b"line=39")
    assert borders.last(data, data.rfind(b"\n", 0, inside) + 1) == cut
    assert borders.last_record(data, data.rfind(b"\n", 0, inside) + 1) > cut
    first_end = data.find(b"Successfully")
    assert borders.last(data, data.rfind(b"\n", 0, first_end) + 1) == 0
