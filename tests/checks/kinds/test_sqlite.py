from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from checks.kinds.sqlite import SqliteCheck
from checks.outcome import Status
from tests.checks.kinds.conftest import Make, MakeContext


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "proxy.db"
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE requests (id INTEGER PRIMARY KEY, prompt TEXT, picture BLOB)")
        made.executemany("INSERT INTO requests (prompt, picture) VALUES (?, ?)", [("kite", b"\x01\xff")] * 200)
        made.execute("CREATE INDEX prompts ON requests (prompt)")
        made.commit()
    return path


def test_a_whole_database_answers(database: Path, make: Make, context: MakeContext) -> None:
    check = make(SqliteCheck, path=str(database), query="SELECT count(*) FROM requests")
    assert check.observe(context()).properties == {"integrity": "ok", "rows": 1, "value": 200}


@pytest.mark.parametrize(
    ("query", "rows", "value"),
    [
        ("SELECT picture FROM requests LIMIT 2", 2, "01ff"),
        ("SELECT id FROM requests WHERE id < 0", 0, None),
        ("SELECT 1e999", 1, None),
        ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5) SELECT max(i) FROM n", 1, 5),
    ],
)
def test_values_are_plain(
    query: str, rows: int, value: object, database: Path, make: Make, context: MakeContext
) -> None:
    seen = make(SqliteCheck, path=str(database), query=query).observe(context()).properties
    assert (seen["rows"], seen["value"]) == (rows, value)


def test_a_damaged_database_says_what_is_wrong(database: Path, make: Make, context: MakeContext) -> None:
    content = bytearray(database.read_bytes())
    content[4096:4196] = b"\xff" * 100
    database.write_bytes(content)
    seen = make(SqliteCheck, path=str(database), query="SELECT count(*) FROM requests").observe(context()).properties
    assert seen["integrity"] != "ok"
    assert seen["value"] is None


def test_another_file_is_no_database(tmp_path: Path, make: Make, context: MakeContext) -> None:
    (tmp_path / "proxy.db").write_text("not a database, but long enough to have a header" * 100)
    seen = make(SqliteCheck, path=str(tmp_path / "proxy.db")).observe(context()).properties
    assert seen["integrity"] == "file is not a database"


@pytest.mark.parametrize(
    ("left", "why"), [(0, "the file is empty"), (2048, "the file was cut short: 2048 bytes are no whole pages of 4096")]
)
def test_a_database_that_was_cut_short_is_not_one_without_tables(
    tmp_path: Path, left: int, why: str, make: Make, context: MakeContext
) -> None:
    path = tmp_path / "new.db"
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA journal_mode = WAL")
    os.truncate(path, left)
    seen = make(SqliteCheck, path=str(path), query="SELECT 1").observe(context()).properties
    assert (seen["integrity"], seen["value"]) == (why, None)


def test_a_missing_database_fails(make: Make, context: MakeContext) -> None:
    observation = make(SqliteCheck, path="none.db").observe(context())
    assert observation.status is Status.FAIL
    assert "no database" in observation.reason
    assert not (context().root / "none.db").exists()


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM requests",
        "SELECT 1; SELECT 2",
        "ATTACH '/tmp/other.db' AS other",
        "PRAGMA user_version = 3",
        "SELECT nothing FROM requests",
        "-- nothing",
    ],
)
def test_a_query_that_is_not_one_select_is_an_error(
    query: str, database: Path, make: Make, context: MakeContext
) -> None:
    before = database.read_bytes()
    assert make(SqliteCheck, path=str(database), query=query).observe(context()).status is Status.ERROR
    assert database.read_bytes() == before


def test_too_many_rows_are_an_error(database: Path, make: Make, context: MakeContext) -> None:
    query = "SELECT 1 FROM requests a, requests b LIMIT 10001"
    observation = make(SqliteCheck, path=str(database), query=query).observe(context())
    assert observation.status is Status.ERROR
    assert "more than 10000 rows" in observation.reason


def test_a_locked_database_is_an_error(
    database: Path, make: Make, context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("checks.database.BUSY_S", 0.05)
    with closing(sqlite3.connect(database)) as other:
        other.execute("BEGIN EXCLUSIVE")
        observation = make(SqliteCheck, path=str(database)).observe(context())
    assert observation.status is Status.ERROR
    assert "locked by another process" in observation.reason


def test_a_query_that_never_ends_is_interrupted(database: Path, make: Make, context: MakeContext) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    observation = make(SqliteCheck, path=str(database), query=endless).observe(context(timeout_s=0.2))
    assert observation.status is Status.ERROR
    assert "not answered in time" in observation.reason


def test_a_stopped_run_asks_no_more(database: Path, make: Make, context: MakeContext) -> None:
    stop = threading.Event()
    stop.set()
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    assert make(SqliteCheck, path=str(database), query=endless).observe(context(stop=stop)).status is Status.ERROR


def test_a_pipe_is_not_waited_for(tmp_path: Path, make: Make, context: MakeContext) -> None:
    os.mkfifo(tmp_path / "proxy.db")
    observation = make(SqliteCheck, path=str(tmp_path / "proxy.db")).observe(context())
    assert observation.status is Status.ERROR
    assert "not a regular file" in observation.reason
