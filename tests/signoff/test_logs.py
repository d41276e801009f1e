"""`signoff logs`: exit codes, JSON on stdout, one clear message for each mistake."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from signoff.commands.logs import EPILOG, logs
from signoff.commands.logs_view import sparkline
from tests.checks.metrics.corpus import START, record, write_lines

APP = typer.Typer()
APP.command(epilog=EPILOG)(logs)
RUN = CliRunner(env={"COLUMNS": "140", "TERM": "dumb"})


@pytest.fixture
def log(tmp_path: Path) -> Path:
    records = [
        record(START + timedelta(seconds=20 * place), request_id=str(place), status=500 if place == 9 else 200)
        for place in range(10)
    ]
    return write_lines(tmp_path / "image-proxy.jsonl", *records)


def test_json_is_one_document(log: Path) -> None:
    (log.parent / "image-proxy.jsonl.1.gz").write_bytes(gzip.compress(json.dumps(record(START)).encode() + b"\n"))
    result = RUN.invoke(APP, [f"{log.parent}/*.jsonl*", "--json"])
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert (found["requests"], found["errors"]["count"], len(found["windows"])) == (11, 1, 4)


def test_people_get_a_table(log: Path) -> None:
    result = RUN.invoke(APP, [str(log), "--window", "30s"])
    assert result.exit_code == 0
    for part in ("cache.hit_rate", "100.00%", "10.00%", "1.79% – 40.42%", "10 requests", "image-proxy", "unknown"):
        assert part in result.stdout


def test_a_span_is_kept_to(log: Path) -> None:
    span = ["--since", "2026-01-11T10:01:00Z", "--until", "2026-01-11T11:02:00+01:00"]
    result = RUN.invoke(APP, [str(log), "--json", *span])
    assert json.loads(result.stdout)["requests"] == 3


def test_a_relative_span_counts_back_from_now(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    log = write_lines(tmp_path / "a.jsonl", record(now - timedelta(hours=2)), record(now - timedelta(minutes=5)))
    assert json.loads(RUN.invoke(APP, [str(log), "--json", "--since", "1h"]).stdout)["requests"] == 1


def test_no_request_is_exit_3_with_nulls(tmp_path: Path) -> None:
    result = RUN.invoke(APP, [str(write_lines(tmp_path / "a.jsonl")), "--json"])
    assert result.exit_code == 3
    assert json.loads(result.stdout)["errors"]["rate"] is None
    assert result.stderr == "signoff logs: no measure can be given: no request in what was read\n"


def test_too_much_unparsed_is_exit_3_for_people_too(tmp_path: Path) -> None:
    result = RUN.invoke(APP, [str(write_lines(tmp_path / "a.jsonl", record(START), "garbage"))])
    assert result.exit_code == 3
    assert "unknown" in result.stdout
    assert "50.0% of the lines could not be read" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no log file: none was named; name files or patterns, as logs/*.jsonl*"),
        (["gone.jsonl"], "gone.jsonl: there is no such file; check the path, or that the service logs there"),
        (["LOG", "--format", "image_proxy"], "there is no such format; did you mean image-proxy?"),
        (["LOG", "--since", "yesterday"], "--since: 'yesterday' is not a time"),
        (["LOG", "--window", "5"], "--window: '5' is not a span of time"),
        (["LOG", "--since", "1h", "--until", "2h"], "is not before --until"),
        (["LOG", "--engine", "spark"], "--engine spark: this version reads logs with duckdb only"),
        (["LOG", "--engine", "sqlite"], "--engine sqlite: there is no such engine"),
    ],
)
def test_a_mistake_is_exit_2_with_one_message(log: Path, arguments: list[str], message: str) -> None:
    result = RUN.invoke(APP, [str(log) if argument == "LOG" else argument for argument in arguments])
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_help_has_examples_and_exit_codes() -> None:
    text = RUN.invoke(APP, ["--help"]).stdout
    assert "signoff logs --since 1h" in text
    assert "Exit codes" in text
    assert "spark" in text


def test_the_command_is_light_to_import() -> None:
    seen = "import sys, signoff.commands.logs; print([m for m in ('duckdb', 'pydantic', 'rich') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_sparklines() -> None:
    assert sparkline([0, None, 1]) == "▁ █"
    assert sparkline([3, 3]) == "▁▁"
    assert sparkline([None]) == ""
    assert len(sparkline([1.0] * 500)) == 60
