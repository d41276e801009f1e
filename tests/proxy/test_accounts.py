"""Account files are checked, and accounts are used in turn, rested and retired as the upstream says."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import respx

from proxy.accounts import load_accounts
from proxy.atomic import write_private
from proxy.errors import StartError
from proxy.home import Home
from tests.proxy.conftest import Clock, RunningProxy, drawn, ended, refused

RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "30s"}


def _write(home: Home, file: str, **account: object) -> Path:
    path = home.accounts / f"{file}.json"
    write_private(path, json.dumps({"name": file, "project": file, "api_key": f"{file}-key", **account}).encode())
    return path


def _keys(upstream: respx.Route) -> list[str]:
    return [call.request.headers["x-goog-api-key"] for call in upstream.calls]


def test_good_files_are_loaded_in_the_order_of_their_names(home: Home) -> None:
    _write(home, "a")

    accounts, rejected = load_accounts(home.accounts, b"log key")

    assert [account.name for account in accounts] == ["a", "second", "simulator"]
    assert rejected == []
    assert len({account.id for account in accounts}) == 3


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "json_invalid"),
        (b"{", "json_invalid"),
        (b"[]", "model_type"),
        (b"{}", "api_key, name, project"),
        (b'{"name": "x", "project": "x", "api_key": ""}', "api_key"),
        (b'{"name": "x", "project": "x", "api_key": "with blank"}', "api_key"),
        (b'{"name": 1, "project": "x", "api_key": "k"}', "name"),
        (b'{"name": "x", "project": "x", "api_key": "k", "quota": 1}', "quota"),
        (b" " * 1_000_001, "more than 1000000 bytes"),
    ],
)
def test_broken_file_is_rejected_with_its_reason(content: bytes, reason: str, home: Home) -> None:
    write_private(home.accounts / "broken.json", content)

    accounts, (rejected,) = load_accounts(home.accounts, b"log key")

    assert len(accounts) == 2
    assert rejected.file == "broken.json"
    assert reason in rejected.reason


def test_rejection_quotes_no_key(home: Home) -> None:
    _write(home, "broken", api_key="a secret key")

    _, (rejected,) = load_accounts(home.accounts, b"log key")

    assert "a secret key" not in rejected.reason


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_file_that_others_may_read_is_rejected(mode: int, home: Home) -> None:
    _write(home, "open").chmod(mode)

    accounts, (rejected,) = load_accounts(home.accounts, b"log key")

    assert len(accounts) == 2
    assert f"mode {mode:04o}" in rejected.reason


@pytest.mark.parametrize(
    ("account", "reason"), [({"name": "second"}, "the name of an earlier"), ({"api_key": "second-key"}, "the key of")]
)
def test_duplicate_is_rejected_and_the_first_is_used(account: dict[str, str], reason: str, home: Home) -> None:
    _write(home, "zweiter", **account)

    accounts, (rejected,) = load_accounts(home.accounts, b"log key")

    assert [account.name for account in accounts] == ["second", "simulator"]
    assert reason in rejected.reason


def test_folder_in_place_of_a_file_is_rejected(home: Home) -> None:
    (home.accounts / "folder.json").mkdir()

    _, (rejected,) = load_accounts(home.accounts, b"log key")

    assert rejected.reason == "Is a directory"


def test_rejected_files_are_named_in_log_and_stats(home: Home, start_proxy: Callable[..., RunningProxy]) -> None:
    write_private(home.accounts / "broken.json", b"{")

    proxy = start_proxy()

    (event,) = proxy.events("account_rejected")
    assert event["file"] == "broken.json"
    accounts = proxy.stats()["accounts"]
    assert accounts["usable"] == 2
    assert [rejected["file"] for rejected in accounts["rejected"]] == ["broken.json"]
    assert proxy.send("GET", "/readyz").json()["accounts"] == {
        "ok": True,
        "usable": 2,
        "cooled": 0,
        "disabled": 0,
        "rejected": accounts["rejected"],
    }


def test_accounts_are_used_in_turn(proxy: RunningProxy, upstream: respx.Route) -> None:
    for number in range(4):
        proxy.generate({"prompt": f"kite {number}"})

    first, second, third, fourth = _keys(upstream)
    assert first != second
    assert (third, fourth) == (first, second)


def test_full_quota_goes_on_with_the_next_account_and_rests_the_first(
    proxy: RunningProxy, upstream: respx.Route, clock: Clock
) -> None:
    upstream.mock(side_effect=[refused(429, "RESOURCE_EXHAUSTED", **RETRY), *[drawn() for _ in range(9)]])

    statuses = [proxy.generate({"prompt": f"kite {number}"}).status_code for number in range(3)]
    clock.now += 30
    proxy.generate({"prompt": "after the rest"})

    assert statuses == [200, 200, 200]
    rested, other, *later, last = _keys(upstream)
    assert rested != other
    assert later == [other, other]
    assert last == rested


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (refused(429, "RESOURCE_EXHAUSTED", retryDelay="1.2s"), 2),
        (refused(429, "RESOURCE_EXHAUSTED"), 60),
        (httpx.Response(429), 60),
        (httpx.Response(429, headers={"retry-after": "17"}), 17),
        (httpx.Response(429, headers={"retry-after": "17"}, json=[{"error": {"details": [RETRY]}}]), 30),
        (refused(429, "RESOURCE_EXHAUSTED", retryDelay="soon"), 60),
        (refused(429, "RESOURCE_EXHAUSTED", retryDelay="999999999s"), 86400),
    ],
)
def test_exhausted_pool_answers_429_with_the_shortest_rest(
    answer: httpx.Response, seconds: float, proxy: RunningProxy, upstream: respx.Route
) -> None:
    upstream.mock(side_effect=lambda _: answer)

    first = proxy.generate()
    second = proxy.generate()

    assert [first.status_code, second.status_code] == [429, 429]
    assert float(first.headers["retry-after"]) == seconds
    assert upstream.call_count == 2  # each account once; a resting one is not asked
    assert proxy.stats()["accounts"]["cooled"] == 2


@pytest.mark.parametrize(
    "answer",
    [
        refused(400, "INVALID_ARGUMENT", reason="API_KEY_INVALID"),
        refused(400, "FAILED_PRECONDITION"),
        refused(401, "UNAUTHENTICATED"),
        refused(403, "PERMISSION_DENIED"),
        refused(403, "PERMISSION_DENIED", reason="API_KEY_INVALID"),
    ],
    ids=["bad key", "precondition", "401", "403", "403 for the key"],
)
def test_broken_account_is_used_no_more_until_its_file_changes(
    answer: httpx.Response, home: Home, start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    upstream.mock(side_effect=[answer, *[drawn() for _ in range(9)]])
    proxy = start_proxy()
    assert [proxy.generate({"prompt": f"kite {number}"}).status_code for number in range(3)] == [200, 200, 200]
    broken, good = _keys(upstream)[:2]
    assert _keys(upstream)[2:] == [good, good]

    restarted = start_proxy()
    restarted.generate({"prompt": "after a restart"})
    assert _keys(upstream)[-1] == good
    (disabled,) = restarted.stats()["accounts"]["disabled"]
    assert disabled["reason"].isupper()

    for path in home.accounts.iterdir():
        os.utime(path, (1, 1))
    fixed = start_proxy()
    fixed.generate({"prompt": "after a change"})
    fixed.generate({"prompt": "after a change, again"})
    assert set(_keys(upstream)[-2:]) == {broken, good}


def test_rest_outlasts_a_restart(start_proxy: Callable[..., RunningProxy], upstream: respx.Route) -> None:
    upstream.mock(side_effect=lambda _: refused(429, "RESOURCE_EXHAUSTED", **RETRY))
    start_proxy().generate()

    assert start_proxy().generate().headers["retry-after"] == "30"
    assert upstream.call_count == 2


def test_one_request_never_burns_the_whole_pool(
    home: Home, start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    for name in ("a", "b", "c"):
        _write(home, name)
    upstream.mock(side_effect=lambda _: refused(429, "RESOURCE_EXHAUSTED", **RETRY))

    response = start_proxy().generate()

    assert (response.status_code, response.headers["retry-after"]) == (429, "1")
    assert upstream.call_count == 3


def test_three_broken_accounts_end_the_request_though_more_are_left(
    home: Home, start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    for name in ("a", "b", "c"):
        _write(home, name)
    upstream.mock(side_effect=lambda _: refused(403, "PERMISSION_DENIED"))

    assert start_proxy().generate().json()["error"]["code"] == "upstream_error"
    assert upstream.call_count == 3


@pytest.mark.parametrize("answer", [refused(500), refused(503), refused(504), ended("NO_IMAGE"), ended("MAX_TOKENS")])
def test_transient_failure_is_tried_once_more_with_another_account(
    answer: httpx.Response, proxy: RunningProxy, upstream: respx.Route
) -> None:
    upstream.mock(side_effect=lambda _: answer)

    assert proxy.generate().status_code == 502

    first, second = _keys(upstream)
    assert first != second
    assert proxy.stats()["accounts"]["usable"] == 2


def test_single_account_is_tried_again(
    home: Home, start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    (home.accounts / "second.json").unlink()
    upstream.mock(side_effect=[refused(503), drawn()])

    assert start_proxy().generate().status_code == 200


@pytest.mark.parametrize("answer", [refused(404, "NOT_FOUND"), ended("SAFETY"), ended("STOP")])
def test_final_failure_is_not_tried_again(answer: httpx.Response, proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=lambda _: answer)
    proxy.generate()

    assert upstream.call_count == 1


def test_no_accounts_at_all_start_but_are_not_ready(home: Home, start_proxy: Callable[..., RunningProxy]) -> None:
    for path in home.accounts.iterdir():
        path.unlink()

    proxy = start_proxy()

    assert proxy.send("GET", "/readyz").status_code == 503
    assert proxy.generate().json()["error"]["code"] == "no_account"


def test_database_that_cannot_be_read_stops_the_start(home: Home, start_proxy: Callable[..., RunningProxy]) -> None:
    home.database.write_bytes(b"this is no database")

    with pytest.raises(StartError, match=r"proxy.db cannot be used: .*restore it from a backup"):
        start_proxy()


def test_database_that_fails_later_fails_no_request(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=[refused(429), drawn()])
    with sqlite3.connect(proxy.service.home.database) as database:
        database.execute("DROP TABLE account_marks")
    database.close()

    assert proxy.generate().status_code == 200
    assert proxy.events("account_state_error")[0]["cause"] == "no such table: account_marks"


def test_database_holds_no_key_and_is_the_owners_only(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=[refused(429), drawn()])
    proxy.generate()

    contents = b"".join(path.read_bytes() for path in proxy.service.home.path.glob("proxy.db*"))
    assert b"account_marks" in contents
    assert b"second-key" not in contents
    assert proxy.service.home.database.stat().st_mode & 0o077 == 0
