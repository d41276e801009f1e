"""Answers in a real Redis: kept, expired and shared as promised; gone, hanging or full, it fails no request."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from typer.testing import CliRunner

from proxy.cache.breaker import FAILURES, OPEN_SECONDS
from proxy.cache.redis_address import ANSWERS, LEASES
from proxy.cache.redis_cache import OPERATION_SECONDS
from proxy.command import application
from proxy.errors import StartError
from tests.proxy.conftest import Clock, RunningProxy, drawn
from tests.proxy.redis_server import RedisServer

pytestmark = pytest.mark.story("007-04")

Start = Callable[..., RunningProxy]


@pytest.fixture(scope="module")
def running_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis(running_redis: RedisServer) -> RedisServer:
    """A Redis without answers."""
    with running_redis.client as client:
        client.flushall()
    return running_redis


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that the test may break."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def start(start_proxy: Start) -> Start:
    """Starts proxies with a Redis."""

    def started(server: RedisServer, **variables: str) -> RunningProxy:
        return start_proxy(CACHE_BACKEND="redis", IMAGE_PROXY_REDIS_URL=server.url, **variables)

    return started


def _answer(redis: RedisServer) -> tuple[str, bytes]:
    """The one answer that is kept: its key and its value."""
    with redis.client as client:
        (name,) = client.scan_iter(match=f"{ANSWERS}*")
        value = client.get(name)
    assert isinstance(name, bytes)
    assert isinstance(value, bytes)
    return name.decode(), value


def test_hit_is_byte_identical_to_its_miss(redis: RedisServer, start: Start, upstream: respx.Route) -> None:
    proxy = start(redis)
    responses = [proxy.generate({"n": 2}) for _ in range(3)]

    assert [response.headers["x-cache"] for response in responses] == ["miss", "hit", "hit"]
    assert len({response.content for response in responses}) == 1
    assert responses[1].headers["age"] == "0"
    assert upstream.call_count == 2


def test_answers_are_shared_by_servers_and_outlast_them(
    redis: RedisServer, start: Start, upstream: respx.Route
) -> None:
    first = start(redis).generate()
    second = start(redis).generate()

    assert (second.headers["x-cache"], second.content) == ("hit", first.content)
    assert upstream.call_count == 1


def test_redis_lets_answers_expire(redis: RedisServer, start: Start, upstream: respx.Route) -> None:
    assert upstream is not None
    start(redis, CACHE_TTL_SECONDS="7200").generate()

    name, _ = _answer(redis)
    with redis.client as client:
        assert 7190_000 < int(client.pttl(name)) <= 7200_000


def test_shorter_life_holds_for_what_is_there_already(
    redis: RedisServer, start: Start, upstream: respx.Route, clock: Clock
) -> None:
    start(redis).generate()
    clock.now += 100

    assert start(redis, CACHE_TTL_SECONDS="60").generate().headers["x-cache"] == "miss"
    assert upstream.call_count == 2


def test_what_is_kept_is_not_compressed_and_has_no_prompt_and_no_key(
    redis: RedisServer, start: Start, upstream: respx.Route
) -> None:
    assert upstream is not None
    proxy = start(redis)
    response = proxy.generate({"prompt": "a secret castle"})

    name, value = _answer(redis)
    header, _, body = value.partition(b"\n")
    assert body == response.content
    assert set(json.loads(header)) == {"sha256", "images", "model", "prompt_hash", "created_at"}
    assert b"castle" not in header
    assert proxy.key not in name


@pytest.mark.parametrize("harm", ["cut", "changed", "no header", "other type"])
def test_damaged_answer_is_made_anew_and_counted(
    harm: str, redis: RedisServer, start: Start, upstream: respx.Route
) -> None:
    proxy = start(redis)
    first = proxy.generate()
    name, value = _answer(redis)
    harmed = {"cut": value[:-1], "changed": value[:-1] + b" ", "no header": value[500:]}
    with redis.client as client:
        if harm in harmed:
            client.set(name, harmed[harm])
        else:
            client.delete(name)
            client.rpush(name, "a list")

    response = proxy.generate()

    assert response.json()["data"] == first.json()["data"]
    assert response.headers["x-cache"] == ("error" if harm == "other type" else "miss")
    assert upstream.call_count == 2
    assert proxy.stats()["cache"]["errors"] >= 1


def test_equal_requests_to_two_servers_cause_one_call(redis: RedisServer, start: Start, upstream: respx.Route) -> None:
    one, other = start(redis), start(redis)

    async def both() -> list[httpx.Response]:
        body = {"prompt": "a kite"}
        posts = [proxy.client.post("/v1/images/generations", json=body) for proxy in (one, other) * 10]
        return list(await asyncio.gather(*posts))

    async def slow(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.05)
        return drawn()

    upstream.mock(side_effect=slow)
    responses = one.portal.call(both)

    assert {response.content for response in responses} == {responses[0].content}
    assert upstream.call_count == 1
    with redis.client as client:
        assert list(client.scan_iter(match=f"{LEASES}*")) == []


def test_lease_of_a_dead_server_ends_by_itself(redis: RedisServer, start: Start, upstream: respx.Route) -> None:
    proxy = start(redis)
    proxy.generate()
    name, _ = _answer(redis)
    key = name.removeprefix(ANSWERS)
    with redis.client as client:
        client.delete(name)
        client.set(LEASES + key, "of a dead server", px=300)

    begun = time.monotonic()
    assert proxy.generate().headers["x-cache"] == "miss"
    assert time.monotonic() - begun >= 0.15
    assert upstream.call_count == 2


def test_redis_that_is_down_at_the_start_degrades_and_comes_back(
    tmp_path: Path, start: Start, upstream: respx.Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = [100.0]
    monkeypatch.setattr("proxy.cache.opening.time.monotonic", lambda: moment[0])
    server = RedisServer(tmp_path)
    proxy = start(server)

    proxy.portal.call(proxy.service.cache.probe)
    readiness = proxy.send("GET", "/readyz")
    responses = [proxy.generate() for _ in range(2)]

    assert (readiness.status_code, readiness.json()["cache"]) == (200, {"ok": False, "backend": "redis"})
    assert [(response.status_code, response.headers["x-cache"]) for response in responses] == [(200, "error")] * 2
    assert upstream.call_count == 2
    first = proxy.events("cache_error")[0]
    assert (first["operation"], first["cause"]) == ("usage", "Redis cannot be reached")
    server.start()
    moment[0] += OPEN_SECONDS
    try:
        assert [proxy.generate().headers["x-cache"] for _ in range(2)] == ["miss", "hit"]
        assert proxy.send("GET", "/readyz").json()["cache"]["ok"] is True
    finally:
        server.stop()


def test_redis_that_hangs_holds_up_few_requests_and_fails_none(
    own_redis: RedisServer, start: Start, upstream: respx.Route
) -> None:
    proxy = start(own_redis)
    proxy.generate()
    own_redis.hold()
    try:
        responses = [proxy.generate() for _ in range(FAILURES + 4)]
    finally:
        own_redis.go_on()

    assert {response.status_code for response in responses} == {200}
    assert {response.headers["x-cache"] for response in responses} == {"error"}
    waits = [event["duration_ms"] for event in proxy.events()[1:]]
    assert all(wait < OPERATION_SECONDS * 1000 + 500 for wait in waits)
    assert all(wait < 300 for wait in waits[FAILURES:])
    causes = [event["cause"] for event in proxy.events("cache_error")]
    assert causes[0] == "Redis did not answer in time"
    assert causes[-1] == "left alone after: Redis did not answer in time"
    assert upstream.call_count == 1 + len(responses)


def test_redis_that_is_full_degrades(own_redis: RedisServer, start: Start, upstream: respx.Route) -> None:
    proxy = start(own_redis)
    kept = proxy.generate()
    with own_redis.client as client:
        client.set("of-others", b"x" * 2_000_000)
        client.config_set("maxmemory", "1mb")

    responses = [proxy.generate({"prompt": f"kite {number}"}) for number in range(5)]

    assert {(response.status_code, response.headers["x-cache"]) for response in responses} == {(200, "error")}
    assert {event["cause"] for event in proxy.events("cache_error")} == {"Redis is full"}
    again = proxy.generate()
    assert (again.headers["x-cache"], again.content) == ("hit", kept.content)
    assert upstream.call_count == 6


def test_redis_that_dies_while_serving_degrades(own_redis: RedisServer, start: Start, upstream: respx.Route) -> None:
    proxy = start(own_redis)
    proxy.generate()
    own_redis.stop()

    responses = [proxy.generate() for _ in range(3)]

    assert {(response.status_code, response.headers["x-cache"]) for response in responses} == {(200, "error")}
    assert upstream.call_count == 4
    assert proxy.stats()["cache"]["working"] is False


def test_wrong_password_is_told_without_it(tmp_path: Path, start_proxy: Start, upstream: respx.Route) -> None:
    assert upstream is not None
    server = RedisServer(tmp_path)
    server.start()
    try:
        with server.client as client:
            client.config_set("requirepass", "right")
        url = server.url.replace("//", "//:a-wrong-word@")
        proxy = start_proxy(CACHE_BACKEND="redis", IMAGE_PROXY_REDIS_URL=url)

        assert proxy.generate().headers["x-cache"] == "error"
    finally:
        server.stop()
    assert proxy.events("cache_error")[0]["cause"] == "Redis refused the password"
    assert "a-wrong-word" not in proxy.service.home.log.read_text()


def test_stats_tell_the_place_without_password(redis: RedisServer, start: Start, upstream: respx.Route) -> None:
    assert upstream is not None
    proxy = start(redis)
    proxy.generate()

    cache = proxy.stats()["cache"]

    assert (cache["backend"], cache["directory"], cache["max_bytes"]) == ("redis", None, None)
    assert cache["address"] == redis.url
    assert cache["entries"] == 1
    assert cache["bytes"] > 0


def _cache(command: str, redis: RedisServer, home: Path, *filters: str, exit_code: int = 0) -> dict[str, Any]:
    environment = {"CACHE_BACKEND": "redis", "IMAGE_PROXY_REDIS_URL": redis.url}
    result = CliRunner().invoke(application, ["cache", command, "--home", str(home), *filters], env=environment)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == exit_code, result.output
    found: dict[str, Any] = json.loads(result.output)
    return found


def test_operator_sees_verifies_and_purges_answers_in_redis(
    redis: RedisServer, start: Start, upstream: respx.Route, clock: Clock
) -> None:
    assert upstream is not None
    clock.now = time.time()
    proxy = start(redis)
    home = proxy.service.home.path
    sizes = [len(proxy.generate({"prompt": f"kite {number}"}).content) for number in range(3)]
    proxy.generate({"model": "gemini-2.5-flash-image"})
    with redis.client as client:
        client.set("of-others", "stays")

    stats = _cache("stats", redis, home, "--model", "gemini-3-pro-image")
    assert (stats["backend"], stats["address"]) == ("redis", redis.url)
    assert (stats["entries"], stats["bytes"]) == (3, sum(sizes))
    assert _cache("verify", redis, home)["verified"] == 4
    prompt_hash = proxy.events()[0]["prompt_hash"]
    assert _cache("purge", redis, home, "--prompt-hash", prompt_hash)["purged"] == 1
    assert _cache("purge", redis, home)["purged"] == 3
    assert proxy.generate({"prompt": "kite 1"}).headers["x-cache"] == "miss"
    with redis.client as client:
        assert client.get("of-others") == b"stays"


def test_verify_names_what_is_damaged_in_redis(redis: RedisServer, start: Start, upstream: respx.Route) -> None:
    assert upstream is not None
    proxy = start(redis)
    proxy.generate()
    name, value = _answer(redis)
    with redis.client as client:
        client.set(name, value[:-1] + b" ")
        client.set(f"{ANSWERS}{'0' * 64}", "no answer at all")

    found = _cache("verify", redis, proxy.service.home.path, exit_code=1)

    assert sorted(bad["reason"] for bad in found["bad"]) == ["its content has changed", "its header cannot be read"]


def test_redis_that_cannot_be_asked_is_never_clean(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)

    found = _cache("verify", server, tmp_path, exit_code=1)
    assert found["bad"] == [{"key": None, "reason": "the cache cannot be read: Redis cannot be reached"}]
    with pytest.raises(StartError, match="cannot be used: Redis cannot be reached"):
        _cache("stats", server, tmp_path)
