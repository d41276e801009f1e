"""One table from sources of different kinds, each asked the same."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from checks.metrics.engine import read_windows
from checks.metrics.errors import LogSourceError
from checks.metrics.gathering import gather
from checks.metrics.window_file import write_window_file
from tests.checks.metrics.corpus import OTHER_VERSION, START, VERSION, record, write_lines

LATER = START + timedelta(days=1)


@pytest.fixture
def windows(tmp_path: Path) -> Path:
    """Windows of another machine: three requests, one of another version, one synthetic, one a minute later."""
    log = write_lines(
        tmp_path / "there.log",
        record(START, request_id="a", version=OTHER_VERSION),
        record(START, request_id="b", synthetic=True),
        record(START + timedelta(minutes=1), request_id="c"),
    )
    write_window_file(read_windows([log], now=LATER), tmp_path / "there.parquet")
    log.unlink()
    return tmp_path / "there.parquet"


def test_windows_and_logs_add_up(tmp_path: Path, windows: Path) -> None:
    write_lines(tmp_path / "here.jsonl", record(START, request_id="d"))
    table = gather([f"{tmp_path}/*", f"{tmp_path}/*.gz"], now=LATER)
    assert table.total.requests == 4
    assert {(Path(source.path).name, source.format) for source in table.sources} == {
        ("there.parquet", "windows"),
        ("here.jsonl", "image-proxy"),
    }
    assert "pattern_without_file" in {caveat.code for caveat in table.caveats}


def test_windows_are_asked_for_version_label_and_span_as_logs_are(windows: Path) -> None:
    ours = gather([windows], versions=frozenset({VERSION}), now=LATER)
    assert ours.total.requests == 2
    assert f"1 request(s) of version {OTHER_VERSION} were left out" in {caveat.message for caveat in ours.caveats}
    users = gather([windows], synthetic=False, now=LATER)
    assert (users.total.requests, users.total.synthetic) == (2, 0)
    assert gather([windows], synthetic=True, now=LATER).total.requests == 1
    assert gather([windows], since=START + timedelta(minutes=1), now=LATER).total.requests == 1


def test_a_database_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"no database")
    with pytest.raises(LogSourceError, match=r"a.db::t: its rows can't be read .*; name it as FILE::TABLE"):
        gather([f"{tmp_path}/a.db::t"])
    with pytest.raises(LogSourceError, match=r"gone.db::t: its rows can't be read"):
        gather([f"{tmp_path}/gone.db::t"])
