"""`signoff logs`: exit codes, JSON on stdout, one clear message for each mistake."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import pty
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import duckdb
import pytest
import typer
from typer.testing import CliRunner

from signoff.commands.logs import EPILOG, logs
from signoff.commands.logs_follow import follow
from signoff.commands.logs_question import question
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


def test_a_terminal_shows_how_far_the_reading_is(log: Path) -> None:
    ours, theirs = pty.openpty()
    command = [str(Path(sys.executable).parent / "signoff"), "logs", "--json", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        assert process.stdout is not None
        found = json.load(process.stdout)
        shown = os.read(ours, 65_536)
    os.close(ours)
    assert found["requests"] == 10
    assert b"reading" in shown


def test_people_get_a_table(log: Path) -> None:
    result = RUN.invoke(APP, [str(log), "--window", "30s"])
    assert result.exit_code == 0
    for part in ("cache.hit_rate", "100.00%", "10.00%", "1.79% – 40.42%", "10 parsed", "image-proxy", "unknown"):
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
        (["LOG", "--engine", "spark", "--follow"], "--follow: growing logs are read by duckdb"),
        (["LOG", "--master", "local"], "--master is Spark's; write --engine spark with it"),
        (["s3a://bucket/a.jsonl"], "s3a://bucket/a.jsonl: only Spark reads from there; use --engine spark"),
        (["s3a://bucket/a.jsonl", "--engine", "spark"], "its format can't be told from here; name it by --format"),
        (["LOG", "--json", "--csv"], "--json and --csv: standard output holds one of them"),
        (["LOG", "--by", "modle"], "--by: requests can't be told apart by 'modle'; did you mean model?"),
        (["LOG", "--chart", "chart.gif"], "chart.gif: a chart is a .png or .svg file"),
        (["LOG", "--explain", "11"], "it has 10 lines, not 11"),
        (["LOG", "LOG", "--explain", "1"], "--explain: name the one file whose line is meant"),
        (["-", "--follow"], "--follow: name log files or patterns, and nothing else"),
        (["LOG", "--parquet", "gone/a.parquet"], "gone/a.parquet: it can't be written"),
        (["--prometheus", "http://127.0.0.1:1", "--by", "model"], "--by: Prometheus' counters are not told apart"),
        (["--prometheus", "nowhere"], "nowhere: this is no URL of a Prometheus"),
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


def test_standard_input_is_a_source(log: Path) -> None:
    result = RUN.invoke(APP, ["-", "--json"], input=log.read_bytes())
    found = json.loads(result.stdout)
    assert (result.exit_code, found["requests"], found["sources"][0]["path"]) == (0, 10, "-")


def test_windows_of_many_machines_are_added_up_by_naming_their_files(log: Path) -> None:
    for name in ("a", "b"):
        made = RUN.invoke(APP, [str(log), "--json", "--parquet", str(log.parent / f"{name}.parquet")])
        assert made.exit_code == 0
    both = RUN.invoke(APP, [f"{log.parent}/*.parquet", "--json"])
    found = json.loads(both.stdout)
    assert (found["requests"], found["errors"]["count"], len(found["windows"])) == (20, 2, 4)
    assert [source["format"] for source in found["sources"]] == ["windows", "windows"]
    other = RUN.invoke(APP, [f"{log.parent}/*.parquet", "--window", "5m"])
    assert "its windows are 60 s long, not 300 s; ask for windows of 60 s" in other.stderr


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_table_of_a_database_is_a_source(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "logs.db"
    columns = "ts TEXT, event TEXT, status INTEGER, cache TEXT, duration_ms DOUBLE"
    rows = [(START.isoformat(), "image_request", status, "hit", 5.0) for status in (200, 502)]
    opened = sqlite3.connect(file) if kind == "sqlite" else duckdb.connect(str(file))
    opened.execute(f"CREATE TABLE requests ({columns})")
    opened.executemany("INSERT INTO requests VALUES (?, ?, ?, ?, ?)", rows)
    if isinstance(opened, sqlite3.Connection):
        opened.commit()
    opened.close()
    result = RUN.invoke(APP, ["--table", f"{file}::requests", "--json"])
    found = json.loads(result.stdout)
    assert (found["requests"], found["errors"]["count"]) == (2, 1)
    assert found["sources"][0]["path"] == f"{file}::requests"
    missing = RUN.invoke(APP, ["--table", f"{file}::gone"])
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert "gone: its rows can't be read" in missing.stderr


def test_requests_are_told_apart(log: Path) -> None:
    result = RUN.invoke(APP, [str(log), "--by", "status", "--json"])
    groups = json.loads(result.stdout)["groups"]
    assert {group: each["requests"] for group, each in groups.items()} == {"200": 9, "500": 1}
    assert groups["500"]["errors"]["rate"] == 1
    shown = RUN.invoke(APP, [str(log), "--by", "status"])
    assert "told apart" in shown.stdout


def test_windows_as_csv(log: Path) -> None:
    rows = list(csv.DictReader(RUN.invoke(APP, [str(log), "--csv"]).stdout.splitlines()))
    assert [row["requests"] for row in rows] == ["3", "3", "3", "1"]
    assert rows[0]["start"] == "2026-01-11T10:00:00Z"
    assert (rows[3]["errors.rate"], rows[3]["group"]) == ("1.0", "")
    assert float(rows[0]["latency.p50"]) == pytest.approx(8.5, rel=0.01)


def test_a_comparison_has_ratios_and_intervals(log: Path) -> None:
    slow = [record(START, request_id=str(place), duration_ms=17 + place % 3) for place in range(300)]
    fast = [record(START, request_id=str(place), duration_ms=8 + place % 3) for place in range(300)]
    here = write_lines(log.parent / "here.jsonl", *slow)
    baseline = write_lines(log.parent / "baseline.jsonl", *fast)
    result = RUN.invoke(APP, [str(here), "--compare", str(baseline), "--json"])
    compared = {each["name"]: each for each in json.loads(result.stdout)["comparison"]}
    low, high = compared["latency.p50"]["ratio_ci"]
    assert low <= compared["latency.p50"]["ratio"] <= high
    assert compared["latency.p50"]["ratio"] == pytest.approx(2, rel=0.03)
    assert compared["errors.rate"]["reason"] == "the baseline is zero"
    shown = RUN.invoke(APP, [str(here), "--compare", str(baseline)])
    assert "against the baseline" in shown.stdout


@pytest.mark.parametrize(("name", "magic"), [("c.png", b"\x89PNG"), ("c.svg", b"<svg")])
def test_the_windows_are_drawn(log: Path, name: str, magic: bytes) -> None:
    chart = log.parent / name
    assert RUN.invoke(APP, [str(log), "--chart", str(chart)]).exit_code == 0
    assert chart.read_bytes().startswith(magic)


def test_a_line_is_explained(log: Path) -> None:
    result = RUN.invoke(APP, [str(log), "--explain", "10"])
    assert result.exit_code == 0
    for part in ("line 10, read as image-proxy", "image_request (counts as request)", "outcome     failed", "500"):
        assert part in result.stdout
    assert json.loads(RUN.invoke(APP, [str(log), "--explain", "1", "--json"]).stdout)["outcome"] == "succeeded"


def test_a_format_of_ones_own_is_read_and_its_mistakes_are_told(log: Path) -> None:
    own = log.parent / "own.yaml"
    own.write_bytes(files("checks.metrics.formats").joinpath("image-proxy.yaml").read_bytes())
    assert RUN.invoke(APP, [str(log), "--format", str(own)]).exit_code == 0
    own.write_text(f"{own.read_text()}colour: red\n", encoding="utf-8")
    wrong = RUN.invoke(APP, [str(log), "--format", str(own)])
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "unknown key 'colour'" in wrong.stderr


def test_the_choice_of_the_format_is_shown_with_its_confidence(log: Path) -> None:
    assert "image-proxy, 100% of its first lines" in RUN.invoke(APP, [str(log)]).stdout.replace("\n", "")


def test_following_tells_each_window_once_across_a_restart(log: Path) -> None:
    asked = question(
        [str(log)],
        log_format="auto",
        since=None,
        until=None,
        window="1m",
        by=None,
        prometheus=None,
        now=datetime.now(UTC),
    )
    more = [record(START + timedelta(minutes=place), request_id=f"more-{place}") for place in (4, 5)]
    told = io.StringIO()

    def grow(_: float) -> None:
        if not more:
            raise KeyboardInterrupt
        with log.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(more.pop(0)) + "\n")

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            follow(asked, log.parent / "checkpoint", told, as_json=True, wait=grow)
    windows = [json.loads(line) for line in told.getvalue().splitlines()]
    assert sum(window["requests"] for window in windows[:6]) == 12
    assert len({window["start"] for window in windows}) == 6


def test_sparklines() -> None:
    assert sparkline([0, None, 1]) == "▁ █"
    assert sparkline([3, 3]) == "▁▁"
    assert sparkline([None]) == ""
    assert len(sparkline([1.0] * 500)) == 60
