from __future__ import annotations

import base64
import gzip
import html
import json
import sqlite3
import threading
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.contents import UnreadableError
from checks.text_search import SearchStoppedError, occurrences

TEXT = 'a "red" kite/über'


def found(content: bytes, path: Path, text: str = TEXT) -> int:
    path.write_bytes(content)
    return occurrences(text, path, threading.Event())


@pytest.mark.parametrize(
    "written",
    [
        TEXT,
        json.dumps(TEXT),
        json.dumps(json.dumps(TEXT)),
        json.dumps(TEXT, ensure_ascii=False),
        quote(TEXT),
        html.escape(TEXT),
        *(base64.b64encode(b"x" * before + TEXT.encode() + b"and more").decode() for before in range(3)),
    ],
)
def test_finds_a_text_in_every_writing(tmp_path: Path, written: str) -> None:
    assert found(b"before " + written.encode() + b" after", tmp_path / "log") == 1


def test_finds_nothing_where_there_is_nothing(tmp_path: Path) -> None:
    assert found(b'{"prompt_hash": "0123456789abcdef", "text": "a red kite"}\n' * 1000, tmp_path / "log") == 0
    assert found(b"", tmp_path / "log") == 0


def test_counts_every_occurrence_once(tmp_path: Path) -> None:
    assert found(f"{TEXT}, {TEXT}\n{TEXT}".encode(), tmp_path / "log") == 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(before=st.integers(0, 3000))
def test_finds_what_lies_over_the_edge_of_a_chunk(tmp_path: Path, before: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checks.text_search.CHUNK_BYTES", 1000)
    content = b"x" * before + b" " + json.dumps(TEXT).encode() + b" " + b"y" * 1500 + TEXT.encode()
    assert found(content, tmp_path / "log") == 2


def test_looks_into_compressed_files(tmp_path: Path) -> None:
    assert found(gzip.compress(TEXT.encode()), tmp_path / "log.gz") == 1


def test_looks_into_databases(tmp_path: Path) -> None:
    database = tmp_path / "proxy.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE prompts (text TEXT)")
        connection.execute("INSERT INTO prompts VALUES (?)", (TEXT,))
    connection.close()
    assert occurrences(TEXT, database, threading.Event()) == 1


def test_a_damaged_compressed_file_is_not_searched_in_part(tmp_path: Path) -> None:
    whole = gzip.compress(b"nothing here" * 1000)
    with pytest.raises(UnreadableError):
        found(whole[:-10], tmp_path / "log.gz")


def test_what_cannot_be_read_is_no_absence(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError):
        occurrences(TEXT, tmp_path / "absent", threading.Event())
    with pytest.raises(UnreadableError):
        occurrences(TEXT, tmp_path, threading.Event())


def test_a_stopped_search_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x")
    stop = threading.Event()
    stop.set()
    with pytest.raises(SearchStoppedError):
        occurrences(TEXT, tmp_path / "log", stop)


def test_a_text_too_short_to_search_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="characters"):
        found(b"abc", tmp_path / "log", "abc")
