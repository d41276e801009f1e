"""Following counts every line once: across rotation of all kinds, half-written lines, copies and restarts."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import zstandard

from checks.metrics import following
from checks.metrics.checkpoint import read_checkpoint, write_checkpoint
from checks.metrics.engine import read_windows
from checks.metrics.errors import LogSourceError
from checks.metrics.following import STEPS_UNSEEN, Follower
from checks.metrics.table import WindowTable
from tests.checks.metrics.corpus import START, record
from tests.checks.metrics.test_borders import REQUESTS, log_of_edits

LATER = START + timedelta(days=1)
PACKERS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "zst": zstandard.compress}
ANTIGRAVITY = "2026-01-11T10:00:{:02}.{:09}+00:00"


def line(place: int) -> str:
    return json.dumps(record(START + timedelta(seconds=place % 90), request_id=f"r{place}")) + "\n"


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(text)


def restarted(follower: Follower, checkpoint: Path) -> Follower:
    write_checkpoint(follower.checkpoint(), checkpoint)
    follower.close()
    again = Follower(follower.paths)
    kept = read_checkpoint(checkpoint)
    assert kept is not None
    again.resume(kept)
    return again


class Service:
    """Writes a log and has it rotated in every way that is usual."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.log = folder / "a.jsonl"
        self.random = Random(seed)
        self.written = self.rotated = 0
        self.half = ""

    def write(self) -> None:
        for _ in range(self.random.randrange(1, 6)):
            text = line(self.written)
            self.written += 1
            cut = self.random.choice([len(text), len(text), self.random.randrange(1, len(text))])
            append(self.log, text[:cut])
            append(self.log, text[cut:])

    def rename(self) -> None:
        if self.log.exists():
            self.rotated += 1
            self.log.rename(self.log.with_name(f"a.jsonl.{self.rotated}"))

    def copy_and_truncate(self) -> None:
        if self.log.exists():
            self.rotated += 1
            shutil.copy(self.log, self.log.with_name(f"a.jsonl.{self.rotated}"))
            self.log.write_bytes(b"")

    def copy(self) -> None:
        if self.log.exists():
            shutil.copy(self.log, self.log.with_name("a.jsonl.backup"))

    def pack(self) -> None:
        for old in sorted(self.log.parent.glob("a.jsonl.[0-9]")):
            suffix = self.random.choice(["gz", "zst"])
            pack = PACKERS[suffix]
            old.with_name(f"{old.name}.{suffix}").write_bytes(pack(old.read_bytes()))
            old.unlink()


@pytest.mark.parametrize("seed", range(6))
def test_every_line_is_counted_once_whatever_happens_to_the_files(tmp_path: Path, seed: int) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    service = Service(logs, seed)
    follower = Follower([f"{logs}/a.jsonl*"])
    rare: list[Callable[[], None]] = [service.rename, service.copy_and_truncate, service.copy, service.pack]
    for _ in range(20):
        happenings = rare if service.random.random() < 0.5 else [service.write]
        service.random.choice(happenings)()
        if service.random.random() < 0.4:
            follower.step(LATER)
        if service.random.random() < 0.2:
            follower = restarted(follower, tmp_path / "checkpoint")
    service.write()
    follower.step(LATER)
    follower.step(LATER)
    total = follower.table.total
    follower.close()
    assert total.requests == service.written
    assert follower.table.coverage.unparsed == 0


def test_a_line_counts_when_it_is_whole(tmp_path: Path) -> None:
    log = tmp_path / "a.jsonl"
    follower = Follower([str(log)])
    assert follower.step(LATER) == 0
    append(log, line(0)[:50])
    assert follower.step(LATER) == 0
    append(log, line(0)[50:] + line(1)[:-1])
    assert [follower.step(LATER), follower.step(LATER)] == [1, 0]
    append(log, "\n")
    assert follower.step(LATER) == 1
    follower.close()


@pytest.mark.parametrize("looks", [2, 3, 7])
def test_a_prompt_that_comes_in_parts_is_one_record_and_what_it_holds_is_none(tmp_path: Path, looks: int) -> None:
    log = tmp_path / "app.log"
    follower = Follower([str(log)], log_format="antigravity")
    lines = log_of_edits().decode().splitlines(keepends=True)
    for look in range(looks):
        append(log, "".join(lines[look * len(lines) // looks : (look + 1) * len(lines) // looks]))
        follower.step(LATER)
    follower.step(LATER)
    found = follower.table.total
    assert (found.requests, found.hits, found.begun) == (REQUESTS, 0, REQUESTS)
    follower.close()


def test_a_step_ends_though_the_log_grows_while_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "a.jsonl"
    follower = Follower([str(log)])
    append(log, line(0))
    written = iter(range(1, 5))

    def read_meanwhile(*paths: Any, **asked: Any) -> WindowTable:
        append(log, line(next(written)))
        return read_windows(*paths, **asked)

    monkeypatch.setattr(following, "read_windows", read_meanwhile)
    assert [follower.step(LATER), follower.step(LATER)] == [1, 1]
    follower.close()


def test_a_renamed_file_is_read_until_its_writer_has_left_it(tmp_path: Path) -> None:
    log = tmp_path / "a.jsonl"
    follower = Follower([str(log)])
    append(log, line(0))
    follower.step(LATER)
    with log.open("a", encoding="utf-8") as writer:
        log.rename(tmp_path / "old")
        follower.step(LATER)
        writer.write(line(1))
        writer.flush()
        append(log, line(2))
        assert follower.step(LATER) == 2
        for _ in range(STEPS_UNSEEN):
            follower.step(LATER)
    assert len(follower.tracked) == 1
    follower.close()


def test_a_record_of_several_lines_waits_for_its_end(tmp_path: Path) -> None:
    log = tmp_path / "app.log.2026-01-11"
    head = "ERROR antigravity_tools_lib::proxy::handlers::openai: it failed Details: {"
    tail = (
        '} error_type="API_ERROR" account_email=a@example.org model=m prompt_hash=00112233aabbccdd '
        "generation_time_ms=4412 aspect_ratio=1:1 quality=standard style=vivid n=1 safety_threshold=OFF status_code=502"
    )
    hit = (
        "INFO antigravity_tools_lib::proxy::handlers::openai: [Images] \U0001f3af Cache hit for model=m, prompt_hash=00"
    )
    follower = Follower([f"{tmp_path}/app.log*"])
    append(log, f"{ANTIGRAVITY.format(1, 1)}  {hit}\n{ANTIGRAVITY.format(2, 1)} {head}\n")
    assert follower.step(LATER) == 1
    append(log, f"{tail}\n")
    assert follower.step(LATER) == 0
    assert follower.step(LATER) == 1
    assert (follower.table.total.errors, follower.table.total.hits) == (1, 1)
    assert follower.log_format == "antigravity"
    follower.close()


def test_a_packed_file_that_stays_damaged_makes_the_measures_unknown(tmp_path: Path) -> None:
    append(tmp_path / "a.jsonl", line(0))
    (tmp_path / "a.jsonl.1.gz").write_bytes(gzip.compress(line(1).encode() * 50)[:-9])
    follower = Follower([f"{tmp_path}/a.jsonl*"])
    follower.step(LATER)
    assert follower.table.unknown_reason is None
    follower.step(LATER)
    assert "its last part is missing" in (follower.table.unknown_reason or "")
    follower.close()


def test_only_the_first_and_the_latest_windows_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checks.metrics.following.MOST_AT_ONCE", 2000)
    follower = Follower([str(tmp_path / "a.jsonl")], most_windows=2, first_s=60.0)
    for place in range(6):
        append(tmp_path / "a.jsonl", json.dumps(record(START + timedelta(minutes=place), request_id=str(place))) + "\n")
    follower.step(LATER)
    starts = [int((START + timedelta(minutes=place)).timestamp()) // 60 * 60 for place in (0, 4, 5)]
    assert list(follower.table.by_window) == starts
    assert follower.table.coverage.parsed == 6
    follower.close()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"window_s": 30}, "its windows are 60 s long; ask for --window 60s"),
        ({"log_format": "combined"}, "it is of the format image-proxy; ask for --format image-proxy"),
    ],
)
def test_a_checkpoint_of_another_question_is_refused(
    tmp_path: Path, changes: dict[str, str | int], message: str
) -> None:
    append(tmp_path / "a.jsonl", line(0))
    follower = Follower([str(tmp_path / "a.jsonl")])
    follower.step(LATER)
    other = Follower(follower.paths, **changes)  # type: ignore[arg-type]  # the field's own type, by the table above
    with pytest.raises(LogSourceError, match=message):
        other.resume(follower.checkpoint())
    follower.close()


@pytest.mark.parametrize("content", [b"", b"{}", b'{"schema": 2}', b"[]", b"\xff"])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "checkpoint"
    path.write_bytes(content)
    with pytest.raises(LogSourceError, match="it is no checkpoint"):
        read_checkpoint(path)


def test_a_checkpoint_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(LogSourceError, match="it can't be written"):
        write_checkpoint(Follower(["a"]).checkpoint(), tmp_path / "gone" / "checkpoint")
