"""The log's file: rotated by size and day, by many writers at once, without a line lost, torn or mixed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from proxy.logfile import LogFile
from tests.proxy.conftest import Clock

_DAY = 86_400


def _line(clock: Clock, text: str = "x") -> bytes:
    moment = datetime.fromtimestamp(clock(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return json.dumps({"ts": moment, "text": text}).encode() + b"\n"


Opened = Callable[..., LogFile]


@pytest.fixture
def opened(tmp_path: Path, clock: Clock) -> Iterator[Opened]:
    """Opens the log of a folder."""
    with ExitStack() as stack:

        def open_log(max_bytes: int = 1_000_000, keep_days: int = 30) -> LogFile:
            log = LogFile(tmp_path / "image-proxy.jsonl", max_bytes=max_bytes, keep_days=keep_days, clock=clock)
            stack.callback(log.close)
            return log

        yield open_log


def _files(folder: Path) -> list[Path]:
    """All that the checklist's pattern finds, the one that is written last."""
    return [*sorted(folder.glob("image-proxy.jsonl?*")), folder / "image-proxy.jsonl"]


def _texts(folder: Path) -> list[str]:
    return [json.loads(line)["text"] for path in _files(folder) for line in path.read_bytes().splitlines()]


def test_file_that_would_become_too_large_is_rotated(opened: Opened, clock: Clock, tmp_path: Path) -> None:
    size = len(_line(clock, "00"))
    log = opened(max_bytes=3 * size)
    for number in range(10):
        log.append(_line(clock, f"{number:02}"))

    assert _texts(tmp_path) == [f"{number:02}" for number in range(10)]
    assert [path.stat().st_size for path in _files(tmp_path)] == [3 * size, 3 * size, 3 * size, size]
    assert {path.stat().st_mode & 0o777 for path in _files(tmp_path)} == {0o600}


def test_line_that_is_larger_than_the_limit_has_a_file_of_its_own(opened: Opened, clock: Clock, tmp_path: Path) -> None:
    log = opened(max_bytes=10)
    for text in "abc":
        log.append(_line(clock, text))

    assert _texts(tmp_path) == ["a", "b", "c"]
    assert len(_files(tmp_path)) == 3


def test_new_day_has_a_new_file(opened: Opened, clock: Clock, tmp_path: Path) -> None:
    log = opened()
    log.append(_line(clock, "yesterday"))
    clock.now += _DAY
    log.append(_line(clock, "today"))
    log.append(_line(clock, "today too"))

    old, new = _files(tmp_path)
    assert old.name == "image-proxy.jsonl.20270116T080000.000000Z"
    assert [len(path.read_bytes().splitlines()) for path in (old, new)] == [1, 2]


def test_day_is_that_of_the_first_line_also_after_a_restart(opened: Opened, clock: Clock, tmp_path: Path) -> None:
    opened().append(_line(clock, "yesterday"))
    clock.now += _DAY
    opened().append(_line(clock, "today"))

    assert len(_files(tmp_path)) == 2


def test_clock_that_is_set_back_rotates_nothing(opened: Opened, clock: Clock, tmp_path: Path) -> None:
    log = opened()
    log.append(_line(clock, "a"))
    clock.now -= _DAY
    log.append(_line(clock, "b"))

    assert _files(tmp_path) == [tmp_path / "image-proxy.jsonl"]


def test_old_files_go_and_those_with_other_names_stay(opened: Opened, clock: Clock, tmp_path: Path) -> None:
    others = ("image-proxy.jsonl.1", "image-proxy.jsonl.20200101.gz", "notes.txt")
    for name in others:
        (tmp_path / name).touch()
    log = opened(keep_days=2)
    for number in range(5):
        log.append(_line(clock, str(number)))
        clock.now += _DAY
    log.append(_line(clock, "5"))

    assert all((tmp_path / name).exists() for name in others)
    for name in others:
        (tmp_path / name).unlink()
    assert _texts(tmp_path) == ["2", "3", "4", "5"]


@pytest.mark.parametrize("announced", [False, True])
def test_file_that_another_program_moved_is_made_anew(
    announced: bool, opened: Opened, clock: Clock, tmp_path: Path
) -> None:
    log = opened()
    log.append(_line(clock, "before"))
    (tmp_path / "image-proxy.jsonl").rename(tmp_path / "image-proxy.jsonl.1")
    if announced:
        log.reopen()
        assert (tmp_path / "image-proxy.jsonl").read_bytes() == b""
    log.append(_line(clock, "after"))

    assert b"before" in (tmp_path / "image-proxy.jsonl.1").read_bytes()
    assert b"after" in (tmp_path / "image-proxy.jsonl").read_bytes()


def test_rotation_that_fails_is_said_once_and_loses_no_line(
    opened: Opened, clock: Clock, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    log = opened(max_bytes=10)
    monkeypatch.setattr(Path, "rename", forbidden)
    for text in "abc":
        log.append(_line(clock, text))

    assert _texts(tmp_path) == ["a", "b", "c"]
    assert capsys.readouterr().err == "image-proxy: the log cannot be rotated: Permission denied\n"


_WRITER = """
import sys, time
from pathlib import Path
from proxy.logfile import LogFile
log = LogFile(Path(sys.argv[1]), max_bytes=5_000, keep_days=1, clock=time.time)
print("ready", flush=True)
sys.stdin.readline()
for number in range(400):
    log.append(b'{"text": "%s-%03d %s"}\\n' % (sys.argv[2].encode(), number, b"x" * 50))
"""


def test_many_processes_lose_and_mix_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _WRITER, str(tmp_path / "image-proxy.jsonl")]
    writers = [
        subprocess.Popen([*command, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for name in "abcd"
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.communicate("go\n", timeout=30)
        assert writer.returncode == 0

    written = [text.split()[0] for text in _texts(tmp_path)]
    assert sorted(written) == sorted(f"{name}-{number:03}" for name in "abcd" for number in range(400))
    assert len(_files(tmp_path)) > 20
