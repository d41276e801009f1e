"""The filesystem cache holds its limits, over restarts, and serves no wrong byte."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import stat
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.cache.answer_files import MOST_QUARANTINED
from proxy.cache.filesystem import SMALL_BODY, FilesystemCache
from proxy.cache.protocol import CacheError, Entry
from tests.proxy.conftest import Clock

pytestmark = pytest.mark.story("007-04")

Value = TypeVar("Value")
Opener = Callable[..., FilesystemCache]


def _key(number: int) -> str:
    return f"{number:064x}"[::-1]


def _entry(body: bytes, created_at: float = Clock.now) -> Entry:
    return Entry(body, 1, "gemini-3-pro-image", "0123456789abcdef", created_at)


def run(work: Coroutine[Any, Any, Value]) -> Value:
    return asyncio.run(work)


@pytest.fixture
def damage() -> list[str]:
    """What the cache told of damage."""
    return []


@pytest.fixture
def opened(tmp_path: Path, clock: Clock, damage: list[str]) -> Opener:
    """Opens the cache of one folder."""

    def open_cache(max_bytes: int = 1000, ttl: int = 60, memory_bytes: int = 1000) -> FilesystemCache:
        return FilesystemCache(
            tmp_path / "cache",
            max_bytes=max_bytes,
            memory_bytes=memory_bytes,
            ttl=ttl,
            clock=clock,
            on_damage=damage.append,
        )

    return open_cache


def _path(tmp_path: Path, key: str) -> Path:
    return tmp_path / "cache" / key[:2] / key


def test_answer_comes_back_as_it_was(opened: Opener) -> None:
    cache = opened()
    run(cache.put(_key(1), _entry(b"\x00 body \xff")))

    assert run(cache.get(_key(1))) == _entry(b"\x00 body \xff")
    assert run(cache.get(_key(2))) is None


def test_least_recently_used_goes_first(opened: Opener, clock: Clock) -> None:
    cache = opened(max_bytes=300)
    for number in (1, 2, 3):
        clock.now += 1
        run(cache.put(_key(number), _entry(b"x" * 100)))
    clock.now += 1
    run(cache.get(_key(1)))
    clock.now += 1

    run(cache.put(_key(4), _entry(b"x" * 100)))

    kept = [number for number in (1, 2, 3, 4) if run(cache.get(_key(number)))]
    assert kept == [1, 3, 4]
    assert run(cache.usage()).evictions == 1


@given(sizes=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 600)), max_size=25))
@settings(max_examples=15, deadline=None)
def test_limit_holds_after_every_store(tmp_path_factory: pytest.TempPathFactory, sizes: list[tuple[int, int]]) -> None:
    folder, clock = tmp_path_factory.mktemp("limit"), Clock()
    cache = FilesystemCache(folder, max_bytes=1000, memory_bytes=0, ttl=60, clock=clock, on_damage=lambda _: None)
    for number, size in sizes:
        clock.now += 1
        run(cache.put(_key(number), _entry(b"x" * size)))
        used = run(cache.usage())
        files = list(folder.glob("??/*"))
        assert used.bytes == sum(path.stat().st_size for path in files) <= 1000
        assert used.entries == len(files)
    run(cache.close())


def test_answer_that_is_larger_than_the_cache_is_not_kept_and_evicts_nothing(opened: Opener) -> None:
    cache = opened(max_bytes=100)
    run(cache.put(_key(1), _entry(b"x" * 50)))
    run(cache.put(_key(2), _entry(b"x" * 101)))

    assert run(cache.get(_key(1))) is not None
    assert run(cache.get(_key(2))) is None


def test_storing_a_key_again_replaces_it_and_counts_it_once(opened: Opener) -> None:
    cache = opened()
    run(cache.put(_key(1), _entry(b"old")))
    run(cache.put(_key(1), _entry(b"newer")))

    assert run(cache.get(_key(1))) == _entry(b"newer")
    assert (run(cache.usage()).entries, run(cache.usage()).bytes) == (1, 5)


def test_age_counts_over_a_restart(opened: Opener, clock: Clock) -> None:
    first = opened(ttl=60)
    run(first.put(_key(1), _entry(b"body")))
    run(first.close())
    clock.now += 59
    second = opened(ttl=60)
    assert run(second.get(_key(1))) is not None
    run(second.close())
    clock.now += 1

    third = opened(ttl=60)

    assert run(third.usage()).entries == 0


def test_shorter_ttl_holds_for_what_is_there_already(opened: Opener, clock: Clock) -> None:
    first = opened(ttl=3600)
    run(first.put(_key(1), _entry(b"body")))
    run(first.close())
    clock.now += 30

    assert run(opened(ttl=30).get(_key(1))) is None


def test_smaller_limit_holds_at_the_next_start(opened: Opener, clock: Clock) -> None:
    first = opened(max_bytes=1000)
    for number in range(10):
        clock.now += 1
        run(first.put(_key(number), _entry(b"x" * 100)))
    run(first.close())

    second = opened(max_bytes=250)

    assert (run(second.usage()).entries, run(second.usage()).bytes) == (2, 200)
    assert run(second.get(_key(9))) is not None


def test_clock_that_was_set_back_expires_rather_than_keeps(opened: Opener, clock: Clock) -> None:
    cache = opened()
    run(cache.put(_key(1), _entry(b"body")))
    clock.now -= 3600

    assert run(cache.get(_key(1))) is None


@pytest.mark.parametrize("change", [lambda body: body[:-1], lambda body: b"", lambda body: b"X" + body[1:]])
def test_damaged_answer_is_a_miss_and_is_put_aside(
    change: Callable[[bytes], bytes], opened: Opener, tmp_path: Path, damage: list[str]
) -> None:
    cache = opened()
    run(cache.put(_key(1), _entry(b"body")))
    path = _path(tmp_path, _key(1))
    path.write_bytes(change(path.read_bytes()))

    assert run(cache.get(_key(1))) is None

    assert damage == ["the file of an answer is damaged"]
    assert not path.exists()
    assert len(list((tmp_path / "cache" / "quarantine").iterdir())) == 1
    run(cache.put(_key(1), _entry(b"body")))
    assert run(cache.get(_key(1))) == _entry(b"body")


def test_quarantine_is_bounded(opened: Opener, tmp_path: Path, clock: Clock) -> None:
    cache = opened()
    for _ in range(MOST_QUARANTINED + 5):
        clock.now += 1
        run(cache.put(_key(1), _entry(b"body")))
        _path(tmp_path, _key(1)).write_bytes(b"bad")
        run(cache.get(_key(1)))

    assert len(list((tmp_path / "cache" / "quarantine").iterdir())) == MOST_QUARANTINED


def test_file_removed_by_hand_is_a_miss_and_is_told(opened: Opener, tmp_path: Path, damage: list[str]) -> None:
    cache = opened()
    run(cache.put(_key(1), _entry(b"body")))
    _path(tmp_path, _key(1)).unlink()

    assert run(cache.get(_key(1))) is None
    assert damage == ["the file of an answer is missing"]
    assert run(cache.usage()).bytes == 0


def test_what_a_crash_left_is_removed_at_the_start(opened: Opener, tmp_path: Path) -> None:
    cache = opened()
    run(cache.put(_key(1), _entry(b"kept")))
    run(cache.put(_key(2), _entry(b"file gone")))
    run(cache.close())
    _path(tmp_path, _key(2)).unlink()
    folder = _path(tmp_path, _key(1)).parent
    (folder / f".{_key(1)}.abc.part").write_bytes(b"half a")
    (folder / ("f" * 64)).write_bytes(b"no row")

    cache = opened()

    assert [path.name for path in (tmp_path / "cache").glob("??/*")] == [_key(1)]
    assert (run(cache.usage()).entries, run(cache.usage()).bytes) == (1, 4)


@pytest.mark.parametrize("content", [b"this is no database", b"SQLite format 3\x00" + b"\xff" * 4096])
def test_index_that_cannot_be_read_is_put_aside(
    content: bytes, opened: Opener, tmp_path: Path, damage: list[str]
) -> None:
    cache = opened()
    run(cache.put(_key(1), _entry(b"body")))
    run(cache.close())
    (tmp_path / "cache" / "index.db").write_bytes(content)

    cache = opened()

    assert damage[0].startswith("the index was put aside")
    assert run(cache.usage()).entries == 0
    assert list((tmp_path / "cache").glob("??/*")) == []
    run(cache.put(_key(1), _entry(b"body")))
    assert run(cache.get(_key(1))) is not None


def test_index_of_another_layout_is_put_aside(opened: Opener, tmp_path: Path, damage: list[str]) -> None:
    run(opened().close())
    with sqlite3.connect(tmp_path / "cache" / "index.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()

    opened()

    assert "layout 99, not 1" in damage[0]


def test_locked_index_fails_the_operation_only(opened: Opener, tmp_path: Path) -> None:
    cache = opened()
    other = sqlite3.connect(tmp_path / "cache" / "index.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    with pytest.raises(CacheError, match="store: database is locked"):
        run(cache.put(_key(1), _entry(b"body")))

    other.execute("ROLLBACK")
    other.close()
    run(cache.put(_key(1), _entry(b"body")))
    assert run(cache.get(_key(1))) is not None


@pytest.mark.parametrize("size", [SMALL_BODY, SMALL_BODY + 1])
def test_answer_of_any_size_is_kept_with_its_digest(opened: Opener, damage: list[str], size: int) -> None:
    body = os.urandom(size)
    run(opened(max_bytes=2 * size).put(_key(1), _entry(body)))

    found = run(opened(max_bytes=2 * size).get(_key(1)))

    assert found == _entry(body)
    assert damage == []


def test_folder_and_files_are_the_owners_only(opened: Opener, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(mode=0o755)
    cache = opened()
    run(cache.put(_key(1), _entry(b"body")))

    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in [tmp_path / "cache", *tmp_path.rglob("cache/**/*")]
    }
    assert all(mode & 0o077 == 0 for mode in modes.values()), modes


def test_folder_that_is_a_file_cannot_be_opened(opened: Opener, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")

    with pytest.raises(CacheError, match="open: EEXIST"):
        opened()


def test_answer_and_its_folder_are_brought_to_the_disk(
    opened: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = opened()
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))

    run(cache.put(_key(1), _entry(b"body")))
    run(cache.close())

    path = _path(tmp_path, _key(1))
    own = [path.stat().st_ino, path.parent.stat().st_ino]
    # Caches of other tests may still be at it.
    assert [inode for inode in synced if inode in own] == own


def test_answer_that_does_not_reach_the_disk_goes_and_is_told(
    opened: Opener, tmp_path: Path, damage: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = opened()

    def failing(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", failing)
        run(cache.put(_key(1), _entry(b"body")))
        run(cache.close())

    assert damage == ["the file of an answer did not reach the disk: EIO"]
    assert not _path(tmp_path, _key(1)).exists()
    assert run(opened().get(_key(1))) is None


def test_answer_that_went_before_it_reached_the_disk_is_no_damage(opened: Opener, damage: list[str]) -> None:
    cache = opened(max_bytes=100)
    for number in range(20):
        run(cache.put(_key(number), _entry(b"x" * 60)))

    run(cache.close())

    assert damage == []
