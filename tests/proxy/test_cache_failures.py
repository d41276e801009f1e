"""A cache that fails, however it fails, never fails a request: it is told, counted and logged."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
import respx

from proxy.home import Home
from tests.proxy.conftest import RunningProxy

pytestmark = pytest.mark.story("007-04")


def _answered(proxy: RunningProxy, cache: str) -> None:
    response = proxy.generate()
    assert response.status_code == 200
    assert response.json()["data"][0]["b64_json"]
    assert response.headers["x-cache"] == cache
    assert proxy.events()[-1]["cache"] == cache


def _in_the_way(folder: Path) -> None:
    for number in range(256):
        shard = folder / f"{number:02x}"
        shutil.rmtree(shard, ignore_errors=True)
        shard.write_text("in the way")


def test_folder_that_is_a_file_at_the_start(
    home: Home, start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    assert upstream is not None
    home.cache.write_text("in the way")

    proxy = start_proxy()

    _answered(proxy, "error")
    _answered(proxy, "error")
    stats = proxy.stats()["cache"]
    assert (stats["working"], stats["entries"], stats["hits"], stats["misses"]) == (False, None, 0, 0)
    assert stats["errors"] == 3
    assert [(event["operation"], event["cause"]) for event in proxy.events("cache_error")] == [
        ("open", "EEXIST"),
        ("lookup", "EEXIST"),
        ("lookup", "EEXIST"),
    ]


def test_folder_that_can_be_used_later_is_used_later(
    home: Home, start_proxy: Callable[..., RunningProxy], upstream: respx.Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert upstream is not None
    home.cache.write_text("in the way")
    proxy = start_proxy()
    _answered(proxy, "error")
    home.cache.unlink()
    _answered(proxy, "error")

    monkeypatch.setattr("proxy.cache.front.REOPEN_SECONDS", 0.0)

    _answered(proxy, "miss")
    _answered(proxy, "hit")
    assert proxy.stats()["cache"]["working"] is True


def test_proxy_with_a_broken_cache_is_ready_and_says_so(home: Home, start_proxy: Callable[..., RunningProxy]) -> None:
    home.cache.write_text("in the way")

    response = start_proxy().send("GET", "/readyz")

    assert response.status_code == 200
    assert response.json()["cache"] == {"ok": False, "backend": "filesystem"}


def test_store_that_fails(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    _in_the_way(proxy.service.home.cache)

    _answered(proxy, "error")

    (event,) = proxy.events("cache_error")
    assert (event["operation"], event["level"]) == ("store", "ERROR")
    assert event["cause"] in ("ENOTDIR", "EEXIST")
    assert proxy.stats()["cache"]["errors"] == 1


def _raising(number: int) -> Callable[..., NoReturn]:
    """What the system says in place of doing its work."""

    def raising(*_: object) -> NoReturn:
        raise OSError(number, "what the system says")

    return raising


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EIO"])
def test_disk_that_takes_nothing(
    name: str, proxy: RunningProxy, upstream: respx.Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert upstream is not None
    with monkeypatch.context() as broken:
        broken.setattr("proxy.atomic.os.open", _raising(getattr(errno, name)))
        _answered(proxy, "error")

    assert {event["cause"] for event in proxy.events("cache_error")} == {name}
    assert list(proxy.service.home.cache.glob("??/*")) == []
    _answered(proxy, "miss")
    _answered(proxy, "hit")


@pytest.mark.parametrize("name", ["EACCES", "EIO"])
def test_disk_that_gives_nothing_back(
    name: str, proxy: RunningProxy, upstream: respx.Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = proxy.generate()
    (path,) = proxy.service.home.cache.glob("??/*")
    path.touch()  # so that memory does not answer
    with monkeypatch.context() as broken:
        broken.setattr("proxy.cache.answer_store.FileState.of", _raising(getattr(errno, name)))
        _answered(proxy, "error")

    (event,) = proxy.events("cache_error")
    assert (event["operation"], event["cause"]) == ("lookup", name)
    assert proxy.generate().content == first.content
    assert upstream.call_count == 2


def test_lookup_that_fails_is_not_followed_by_a_store(proxy: RunningProxy, upstream: respx.Route) -> None:
    proxy.generate()
    _in_the_way(proxy.service.home.cache)

    _answered(proxy, "error")

    assert [event["operation"] for event in proxy.events("cache_error")] == ["lookup"]
    assert upstream.call_count == 2


def test_folder_that_is_removed_while_serving(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    proxy.generate()
    shutil.rmtree(proxy.service.home.cache)

    response = proxy.generate()

    assert response.status_code == 200
    assert response.headers["x-cache"] in ("miss", "error")
    assert proxy.stats()["cache"]["errors"] >= 1


def test_damaged_answer_is_made_anew_and_counted(proxy: RunningProxy, upstream: respx.Route) -> None:
    first = proxy.generate()
    (path,) = proxy.service.home.cache.glob("??/*")
    path.write_bytes(b"torn")

    _answered(proxy, "miss")

    assert upstream.call_count == 2
    assert proxy.stats()["cache"]["errors"] == 1
    assert proxy.events("cache_error")[0]["operation"] == "read"
    assert proxy.generate().json()["data"] == first.json()["data"]


def test_index_that_loses_its_tables_while_serving(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    with sqlite3.connect(proxy.service.home.cache / "index.db") as database:
        database.execute("DROP TABLE entries")
    database.close()

    _answered(proxy, "error")

    assert "no such table" in proxy.events("cache_error")[0]["cause"]
    assert proxy.stats()["cache"]["errors"] >= 1


def test_index_that_cannot_tell_its_usage_is_shown_as_not_working(proxy: RunningProxy) -> None:
    with sqlite3.connect(proxy.service.home.cache / "index.db") as database:
        database.execute("DROP TABLE totals")
    database.close()

    stats = proxy.stats()["cache"]

    assert (stats["working"], stats["entries"]) == (False, None)


def test_cache_that_works_again_is_shown_as_working(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    folder = proxy.service.home.cache
    _in_the_way(folder)
    proxy.generate()
    failing = proxy.stats()["cache"]["working"]
    for shard in folder.glob("??"):
        shard.unlink()

    _answered(proxy, "miss")

    assert [failing, proxy.stats()["cache"]["working"]] == [False, True]


def test_no_cache_request_tells_that_the_store_failed(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    _in_the_way(proxy.service.home.cache)

    assert proxy.generate(headers={"cache-control": "no-cache"}).headers["x-cache"] == "error"


def test_logged_cause_names_no_path(home: Home, start_proxy: Callable[..., RunningProxy]) -> None:
    home.cache.write_text("in the way")

    (event,) = start_proxy().events("cache_error")

    assert str(home.path) not in event["cause"]
