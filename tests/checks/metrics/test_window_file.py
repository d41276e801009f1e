"""Windows written to Parquet are read back as they were, and whatever else is in a file is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from checks.metrics.engine import read_windows
from checks.metrics.errors import LogSourceError
from checks.metrics.table import WindowTable
from checks.metrics.window_file import is_window_file, read_window_file, write_window_file
from tests.checks.metrics.corpus import START, make_corpus, record, write_lines

LATER = START + timedelta(days=1)


@pytest.fixture
def table(tmp_path: Path) -> WindowTable:
    return read_windows(make_corpus(tmp_path, 1, 300).paths, since=START, now=LATER)


def test_what_was_written_is_read_back(tmp_path: Path, table: WindowTable) -> None:
    path = tmp_path / "w.parquet"
    write_window_file(table, path)
    assert is_window_file(path)
    read = read_window_file(path)
    assert (read.rows, read.coverage, read.notes) == (table.rows, table.coverage, table.notes)
    assert (read.window_s, read.since, read.until) == (60, START, None)
    assert read.measure("latency.p95") == table.measure("latency.p95")
    assert [source.format for source in read.sources] == ["windows"]


def test_windows_of_two_machines_add_up(tmp_path: Path) -> None:
    for name in ("a", "b"):
        log = write_lines(tmp_path / f"{name}.jsonl", record(START, request_id=name))
        write_window_file(read_windows([log], now=LATER), tmp_path / f"{name}.parquet")
    both = read_window_file(tmp_path / "a.parquet").merge(read_window_file(tmp_path / "b.parquet"))
    assert both.total.requests == 2


def test_an_empty_table_is_a_file_too(tmp_path: Path) -> None:
    write_window_file(WindowTable(60), tmp_path / "w.parquet")
    assert read_window_file(tmp_path / "w.parquet").rows == {}


@pytest.mark.parametrize("changes", ["requests = -1", "hits = requests + 1", "errors = NULL", "key_start = 'x'"])
def test_a_file_that_contradicts_itself_is_refused(tmp_path: Path, table: WindowTable, changes: str) -> None:
    path, changed = tmp_path / "w.parquet", tmp_path / "changed.parquet"
    write_window_file(table, path)
    column, value = changes.split(" = ")
    with duckdb.connect(":memory:") as database:
        about = database.execute("SELECT value FROM parquet_kv_metadata(?)", [str(path)]).fetchone() or (b"",)
        text = about[0].decode().replace("'", "''")
        rows = f"SELECT * REPLACE ({value} AS {column}) FROM '{path}'"  # noqa: S608 - made here
        database.execute(f"COPY ({rows}) TO '{changed}' (FORMAT parquet, KV_METADATA {{signoff: '{text}'}})")
    with pytest.raises(LogSourceError, match=r"changed.parquet: it is no file of windows \(.*signoff logs --parquet"):
        read_window_file(changed)


def test_another_parquet_file_is_refused(tmp_path: Path) -> None:
    with duckdb.connect(":memory:") as database:
        database.execute(f"COPY (SELECT 1 AS a) TO '{tmp_path}/a.parquet' (FORMAT parquet)")
    with pytest.raises(LogSourceError, match="it does not say that this version of signoff wrote it"):
        read_window_file(tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(LogSourceError, match="it is no file of windows"):
        read_window_file(tmp_path / "b.parquet")


def test_a_folder_that_is_not_there_cannot_be_written_to(tmp_path: Path) -> None:
    with pytest.raises(LogSourceError, match="it can't be written"):
        write_window_file(WindowTable(60), tmp_path / "gone" / "w.parquet")
