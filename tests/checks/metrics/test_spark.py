"""Spark gives the window table that DuckDB gives, of the same files."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import zstandard
from typer.testing import CliRunner

from checks.markdown import read_markdown
from checks.metrics.engine import read_windows
from checks.metrics.errors import LogEngineError, LogSourceError
from checks.metrics.gathering import gather
from checks.metrics.spark.reading import read_windows_by_spark
from signoff.main import application
from tests.checks.metrics.access_corpus import make_access_corpus, make_logfmt_corpus
from tests.checks.metrics.antigravity_corpus import make_antigravity_corpus
from tests.checks.metrics.corpus import START, VERSION, Corpus, make_corpus, record, write_lines
from tests.checks.metrics.test_paths import BYTES, TEXT_LINES

LATER = START + timedelta(days=900)
MASTER = "local[2]"
PAGE = Path(__file__).resolve().parents[3] / "docs" / "spark.md"

QUICK = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.files.maxPartitionBytes": "40000",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "OFF",
}
"""Little is read, so nothing is compiled for it, by Java in its quick way only; files are cut into many parts, as large
ones are."""


@pytest.fixture(scope="module", autouse=True)
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One Spark for all tests, which the reading finds running; each reading has a session of its own in it."""
    assert shutil.which("java"), "scripts/system-packages.sh java:default-jre-headless installs what is missing"
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(MASTER)
    builder = builder.config("spark.sql.warehouse.dir", tmp_path_factory.mktemp("warehouse").as_uri())
    for name, value in QUICK.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


def both_read_the_same(*paths: Path, **asked: Any) -> None:
    asked = {"now": LATER} | asked
    ours, theirs = read_windows(paths, **asked), read_windows_by_spark(paths, master=MASTER, **asked)
    assert theirs.coverage == ours.coverage
    assert theirs.notes == ours.notes
    assert theirs.rows == ours.rows
    assert theirs == ours


@pytest.mark.parametrize("make", [make_corpus, make_logfmt_corpus, make_access_corpus, make_antigravity_corpus])
def test_the_window_table_of_every_format_is_equal(tmp_path: Path, make: Callable[[Path, int], Corpus]) -> None:
    make(tmp_path, 3)
    both_read_the_same(*(path for path in tmp_path.iterdir() if path.suffix != ".zst"))


def test_what_is_asked_for_is_counted(tmp_path: Path) -> None:
    make_corpus(tmp_path, 4)
    both_read_the_same(
        tmp_path / "image-proxy.jsonl",
        since=START + timedelta(minutes=3),
        until=START + timedelta(minutes=11),
        versions=frozenset({VERSION, "it's \\ 1"}),
        synthetic=False,
        by="status",
        window_s=20,
    )


def test_strange_lines_and_times_are_read_the_same(tmp_path: Path) -> None:
    seconds = iter(range(1000))
    times = [
        *("2026-01-11T10:00:00Z", "2026-01-11 10:00:01.5", "2026-01-11T12:00:02+02:00", "2026-01-11t10:00:03z"),
        *("2026-01-11T10:00", "2026-01-11T12:00:04.123456789+02", "2026-01-11T12:00:05 +0200", "2026-01-11"),
        *("2026-01-11T10:00Z", "2026-01-11T12:00+02:00", "2026-01-11T24:00:00Z", "2026-01-11T12:00:05+0200"),
        *("2026-02-30T10:00:00Z", "9999-12-31T23:59:59Z", "1969-12-31T23:59:59Z", "10:00", ""),
    ]
    changes: list[dict[str, Any]] = [
        *({"ts": time} for time in times),
        *({"status": status} for status in (99, 200.5, 599, 600, "200", None, True, "\u0663")),
        *({"duration_ms": value} for value in (0, 0.0005, 1e3, -1, "7.25", "x", 1e300, None)),
        *({"cache": value} for value in ("odd\u2028\x85one", "", None)),
        *({"version": value} for value in ("", None, "v'1\\n")),
        *({"n": 2, "images": images} for images in (1, 2, None)),
        {"request_id": "twice"},
        {"request_id": "twice"},
        {"request_id": "twice", "status": 502},
    ]
    lines: list[Any] = [
        {**record(START + timedelta(seconds=at)), "request_id": f"r{at}", **change}
        for change, at in zip(changes, seconds, strict=False)
    ]
    lines += [
        b"\xff\xfe",
        b"",
        b"   \t",
        b"\x1a",
        b"{'ts': 1}",
        b'{"ts": NaN, "event": "image_request"}',
        b"[1]",
        b"{}",
    ]
    lines += [b'{"ts": "2026-01-11T10:00:00Z", "event": "other"} {"more": 1}', b'{"ts": {"a": 1}, "event": ["b"]}']
    lines += [b'{"ts": "2026-01-11T10:00:00Z", "event": "other"}\r', b"\xef\xbb\xbf{}"]
    torn = write_lines(tmp_path / "it's 100% [a]{b,c}*\\.jsonl", *lines, b'{"ts": "2026-01', end=b"")
    whole = write_lines(tmp_path / "\u00fc#.jsonl", record(START, request_id="last"), end=b"")
    empty = write_lines(tmp_path / "empty.jsonl")
    both_read_the_same(torn, whole, empty)


def test_records_of_several_lines_are_read_the_same(tmp_path: Path) -> None:
    texts = [line.encode() for line in TEXT_LINES] * 3
    odd = [line.encode() + byte for line in TEXT_LINES for byte in BYTES]
    torn = write_lines(tmp_path / "app.log.1", *texts, *odd, *texts[:4], end=b"")
    long = [*texts[:3], *[b"more"] * 1005, *texts[4:]]
    both_read_the_same(torn, write_lines(tmp_path / "app.log.2", *long), log_format="antigravity")


def test_long_quoted_texts_are_read_the_same(tmp_path: Path) -> None:
    line = f'a - - [11/Jan/2026:10:00:00 +0000] "GET /{"x" * 20000} HTTP/1.1" 200 1 "-" "{"y" * 20000}" rt=0.123'
    both_read_the_same(write_lines(tmp_path / "access.log", line, line), log_format="combined")


def test_the_page_s_commands_end_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "logs").mkdir()
    write_lines(tmp_path / "logs" / "image-proxy.jsonl", record(START))
    monkeypatch.chdir(tmp_path)
    blocks = [block for block in read_markdown(PAGE).blocks if block.info[:2] == ("sh", "run")]
    commands = [shlex.split(line) for block in blocks for line in block.content.splitlines()]
    results = [CliRunner().invoke(application, arguments) for _, *arguments in commands]
    assert [result.exit_code for result in results] == [0, 0], [result.output for result in results]
    assert '"requests": 1' in results[1].stdout


def test_files_of_this_machine_and_of_elsewhere_add_up(tmp_path: Path) -> None:
    log = write_lines(tmp_path / "a.jsonl", record(START))
    remote = f"file://{write_lines(tmp_path / 'b.jsonl', record(START, request_id='other'))}"
    table = gather([log, remote], log_format="image-proxy", reader=read_windows_by_spark, now=LATER)
    assert (table.total.requests, [source.path for source in table.sources]) == (2, [str(log), remote])


def test_what_spark_can_not_read_is_an_error(tmp_path: Path) -> None:
    packed = tmp_path / "a.jsonl.zst"
    packed.write_bytes(zstandard.compress(write_lines(tmp_path / "a.jsonl", record(START)).read_bytes()))
    with pytest.raises(LogSourceError, match=r"a\.jsonl\.zst: Spark unpacks by name"):
        read_windows_by_spark([packed], master=MASTER)
    with pytest.raises(LogSourceError, match="its format can't be told from here"):
        read_windows_by_spark(["s3a://bucket/*.jsonl"], master=MASTER)
    for gone in ("file:///nowhere/*.jsonl", "nosuch://bucket/a.jsonl"):
        with pytest.raises(LogEngineError, match=r"the logs: Spark failed: .*(nowhere|nosuch)"):
            read_windows_by_spark([gone], master=MASTER, log_format="image-proxy")
    (tmp_path / "cut.jsonl.gz").write_bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab")
    with pytest.raises(LogEngineError, match="Spark failed"):
        read_windows_by_spark([tmp_path / "cut.jsonl.gz"], master=MASTER, log_format="image-proxy")


def test_without_pyspark_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    with pytest.raises(LogSourceError, match=r"pyspark is not installed; install it: pip install 'signoff\[spark\]'"):
        read_windows_by_spark([write_lines(tmp_path / "a.jsonl", record(START))], master=MASTER)
