"""What steps do to files, logs and databases."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from checks.drill.place import Place
from checks.drill.steps import read_step
from checks.events import Event

EVENT = {"event": "image_request", "cache": "miss", "status": 200, "ts": "2026-01-11T10:00:00.000000Z", "level": "INFO"}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as undo:
        made = Place(tmp_path, threading.Event(), undo)
        (made.home / "logs").mkdir(parents=True)
        (made.home / "a.txt").write_text("one two\n")
        (made.home / "b.txt").write_text("two\n")
        (made.home / "logs" / "image-proxy.jsonl").write_text(f"no json\n{json.dumps(EVENT)}\n")
        yield made


def do(place: Place, name: str, parameters: Any) -> None:
    read_step({name: parameters}).apply(place)


def events(place: Place) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (place.home / "logs" / "image-proxy.jsonl").read_text().splitlines()]


def test_files_are_written_replaced_appended_cut_and_removed(place: Place) -> None:
    place.key = "sk-1"
    do(place, "write", {"path": "home/new/c.txt", "text": "{key} ", "repeat": 2, "mode": "0600"})
    assert (place.home / "new" / "c.txt").read_text() == "sk-1 sk-1 "
    assert stat.S_IMODE((place.home / "new" / "c.txt").stat().st_mode) == 0o600
    do(place, "replace", {"path": "home/*.txt", "old": "two", "new": "three"})
    do(place, "pattern", {"path": "home/a.txt", "old": "o(n)e", "new": "x"})
    do(place, "append", {"path": "home/a.txt", "text": "end\n", "times": 2})
    assert (place.home / "a.txt").read_text() == "x three\nend\nend\n"
    do(place, "cut", {"path": "home/b.txt", "keep": 0.5})
    assert (place.home / "b.txt").read_text() == "thr"
    do(place, "remove", "home/?.txt")
    assert not list(place.home.glob("*.txt"))


def test_bytes_flip_and_flip_back(place: Place) -> None:
    before = (place.home / "a.txt").read_bytes()
    do(place, "flip", {"path": "home/a.txt", "times": 2})
    assert sum(left != right for left, right in zip(before, (place.home / "a.txt").read_bytes(), strict=True)) == 2
    do(place, "flip", {"path": "home/a.txt", "times": 2})
    assert (place.home / "a.txt").read_bytes() == before


def test_modes_links_copies_pipes_and_ages(place: Place) -> None:
    do(place, "mode", {"path": "home/a.txt", "mode": "0640"})
    assert stat.S_IMODE((place.home / "a.txt").stat().st_mode) == 0o640
    do(place, "copy", {"path": "home/a.txt", "to": "home/copy.txt"})
    do(place, "link", {"path": "home/a.txt", "to": "home/copy.txt"})
    assert (place.home / "a.txt").readlink() == place.home / "copy.txt"
    do(place, "age", {"path": "home/b.txt", "hours": 2})
    assert datetime.now(UTC).timestamp() - (place.home / "b.txt").stat().st_mtime >= 7200
    do(place, "make", {"path": "home/b.txt", "what": "pipe"})
    assert stat.S_ISFIFO((place.home / "b.txt").stat().st_mode)
    do(place, "make", "home/b.txt")
    assert (place.home / "b.txt").is_dir()


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("replace", {"path": "home/a.txt", "old": "nowhere"}),
        ("pattern", {"path": "home/a.txt", "old": "nowhere"}),
        ("remove", "home/nothing"),
        ("mode", {"path": "home/nothing", "mode": "0600"}),
        ("cut", "home/nothing"),
        ("flip", "home/nothing"),
        ("sql", {"path": "home/nothing.db", "statement": "SELECT 1"}),
        ("sql", {"path": "home/a.txt", "statement": "SELECT x FROM y"}),
    ],
)
def test_a_step_that_would_change_nothing_is_an_error(place: Place, name: str, parameters: Any) -> None:
    with pytest.raises(ValueError, match=r"home/"):
        do(place, name, parameters)


def test_a_database_is_changed(place: Place) -> None:
    path = place.home / "proxy.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE t (x)")
    do(place, "sql", {"path": "home/proxy.db", "statement": "INSERT INTO t VALUES (7);"})
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT x FROM t").fetchall() == [(7,)]


def test_a_ledger_has_the_shares_that_it_was_told(place: Place) -> None:
    do(place, "ledger", {"requests": 1000, "hits": 0.3, "failed": 0.1, "refused": 0.2, "without": ["level"]})
    written = events(place)
    assert len(written) == len({each["request_id"] for each in written}) == 1000
    assert not any("level" in each for each in written)
    assert sum(each["status"] == 502 for each in written) == pytest.approx(100, abs=3)
    times = [datetime.fromisoformat(each["ts"]) for each in written]
    assert times == sorted(times)
    assert (times[-1] - times[0]).total_seconds() == pytest.approx(120, abs=1)


def test_failures_and_slowness_may_come_later(place: Place) -> None:
    do(place, "ledger", {"requests": 400, "hits": 0, "failed": 0.2, "failing_later": True, "slower_later": 3})
    first, second = events(place)[:200], events(place)[200:]
    assert not any(each["status"] == 502 for each in first)
    assert sum(each["status"] == 502 for each in second) == pytest.approx(80, abs=3)
    assert second[0]["generation_time_ms"] == 3 * first[0]["generation_time_ms"]


def test_logs_are_doubled_moved_shifted_and_damaged(place: Place) -> None:
    do(place, "ledger", {"requests": 5})
    do(place, "shift", {"seconds": 3600})
    assert datetime.fromisoformat(events(place)[0]["ts"]) > datetime.now(UTC)
    do(place, "shift", {"seconds": -7200, "after": 0.6})
    times = [datetime.fromisoformat(each["ts"]) for each in events(place)]
    assert (max(times) == times[2], min(times) == times[3]) == (True, True)
    do(place, "double", None)
    assert len(events(place)) == 10
    do(place, "damaged_gzip", "home/logs/image-proxy.jsonl.1.gz")
    with pytest.raises(EOFError):
        gzip.decompress((place.home / "logs" / "image-proxy.jsonl.1.gz").read_bytes())
    do(place, "garble", {"every": 5})
    lines = (place.home / "logs" / "image-proxy.jsonl").read_bytes().splitlines()
    assert [number for number, line in enumerate(lines) if not line.startswith(b"{")] == [4, 9]
    do(place, "rotate", {"to": "home/logs/old.log"})
    assert events(place) == []
    assert (place.home / "logs" / "old.log").exists()


def test_a_log_without_an_answer_has_nothing_to_write_others_like(place: Place) -> None:
    do(place, "write", {"path": "home/logs/image-proxy.jsonl"})
    with pytest.raises(ValueError, match="no request that was answered"):
        do(place, "ledger", {"requests": 5})


def test_what_the_server_and_the_run_are_told(place: Place) -> None:
    place.environment = {"A": "1", "B": "2"}
    place.url = "http://127.0.0.1:9"
    do(place, "environment", {"A": None, "C": 3})
    do(place, "told", {"target.url": "{url}/x"})
    do(place, "arguments", {"given": ["--workers", "2"]})
    do(place, "settings_file", "home/a.txt")
    assert place.environment == {"B": "2", "C": "3", "IMAGE_PROXY_SETTINGS_FILE": str(place.home / "a.txt")}
    assert place.settings == {"target.url": "http://127.0.0.1:9/x"}
    assert place.server_arguments == ["--workers", "2"]


def test_a_silent_service_listens_until_the_place_is_left(place: Place) -> None:
    import socket

    do(place, "silent", {"variable": "URL", "url": "redis://127.0.0.1:{port}/0"})
    port = int(place.environment["URL"].rpartition(":")[2].partition("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        pass
    place.undo.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_limit_and_a_signal_reach_the_server(place: Place) -> None:
    import resource
    import subprocess
    import sys

    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True) as process:
        place.server_pid = process.pid
        do(place, "limit", {"resource": "nofile", "most": 5})
        assert resource.prlimit(process.pid, resource.RLIMIT_NOFILE) == (5, 5)
        do(place, "signal", "KILL")
        assert process.wait(10) == -9
    assert not os.path.exists(f"/proc/{process.pid}")  # noqa: PTH110 - a process, no file


def test_a_redis_that_keeps_nothing(place: Place) -> None:
    from redis import Redis

    do(place, "forgetful_redis", None)
    with Redis.from_url(place.environment["IMAGE_PROXY_REDIS_URL"], protocol=2) as client:
        assert client.ping()
        assert client.set("a", "b", px=1000)
        assert client.get("a") is None
        assert client.dbsize() == 0
        assert client.info("stats")["evicted_keys"] == 100
    place.undo.close()


def test_what_is_done_during_a_check_waits_for_it(place: Place) -> None:
    do(place, "during", {"check": "a-check", "steps": [{"remove": "home/a.txt"}]})
    place.hear(Event("check_started", {"check": "another"}))
    assert (place.home / "a.txt").exists()
    with pytest.raises(ValueError, match="0 s into a-check was not done"):
        place.check_done()
    place.hear(Event("check_started", {"check": "a-check"}))
    eventually(lambda: not (place.home / "a.txt").exists() and place.meanwhile[0].is_done)
    place.check_done()


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
