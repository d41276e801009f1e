"""Several processes share one cache folder, and any of them may be killed at any moment."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import respx

from proxy.cache.file_lease import FileLeases
from proxy.cache.filesystem import FilesystemCache
from proxy.cache.protocol import Entry
from tests.proxy.conftest import Clock, RunningProxy, drawn

pytestmark = pytest.mark.story("007-04")

TIMES = 40
"""How often writers are killed here; `make bench` does it a thousand times."""
PATIENCE = 120

KEY = "ab" * 32


def _cache(folder: Path, clock: Clock, *, max_bytes: int = 1000, memory_bytes: int = 1000) -> FilesystemCache:
    return FilesystemCache(
        folder, max_bytes=max_bytes, memory_bytes=memory_bytes, ttl=60, clock=clock, on_damage=_no_damage
    )


def _no_damage(cause: str) -> None:
    raise AssertionError(cause)


def _entry(body: bytes) -> Entry:
    return Entry(body, 1, "gemini-3-pro-image", "0123456789abcdef", Clock.now)


def test_killed_writers_leave_nothing_wrong_and_nothing_unaccounted_for(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.proxy.cache_writer", str(tmp_path / "cache"), str(TIMES)]
    ended = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)

    assert ended.returncode == 0, ended.stderr.decode()
    found = json.loads(ended.stdout)
    assert (found["wrong"], found["unaccounted"]) == (0, 0)
    assert found["killed"] == TIMES + TIMES // 2
    assert found["right"] > TIMES


def test_answers_of_one_are_the_other_s_too(tmp_path: Path, clock: Clock) -> None:
    async def both() -> None:
        one, other = _cache(tmp_path, clock), _cache(tmp_path, clock)
        await one.put(KEY, _entry(b"first"))
        assert await other.get(KEY) == _entry(b"first")
        await other.put(KEY, _entry(b"newer"))
        assert one.peek(KEY) is None
        assert await one.get(KEY) == _entry(b"newer")
        assert (await one.usage()).bytes == 5
        await one.close()
        await other.close()

    asyncio.run(both())


def test_limit_holds_over_all(tmp_path: Path, clock: Clock) -> None:
    async def all_of_them() -> None:
        caches = [_cache(tmp_path, clock, max_bytes=1000) for _ in range(3)]
        puts = [
            cache.put(f"{number:02x}" * 32, _entry(b"x" * (50 + number))) for number, cache in enumerate(caches * 20)
        ]
        await asyncio.gather(*puts)
        used = await caches[0].usage()
        sizes = [path.stat().st_size for path in tmp_path.glob("??/*")]
        assert used.bytes == sum(sizes) <= 1000
        assert used.entries == len(sizes) >= 8
        for cache in caches:
            await cache.close()

    asyncio.run(all_of_them())


def test_use_in_memory_keeps_an_answer_from_going(tmp_path: Path, clock: Clock) -> None:
    async def used() -> list[bool]:
        cache = _cache(tmp_path, clock, max_bytes=300)
        keys = [f"{number:02x}" * 32 for number in range(4)]
        for key in keys[:3]:
            clock.now += 1
            await cache.put(key, _entry(b"x" * 100))
        clock.now += 1
        assert cache.peek(keys[0]) is not None
        clock.now += 1
        await cache.put(keys[3], _entry(b"x" * 100))
        kept = [await cache.get(key) is not None for key in keys]
        await cache.close()
        return kept

    assert asyncio.run(used()) == [True, False, True, True]


def test_use_in_memory_outlasts_a_restart(tmp_path: Path, clock: Clock) -> None:
    keys = [f"{number:02x}" * 32 for number in range(3)]

    async def used() -> None:
        cache = _cache(tmp_path, clock, max_bytes=200)
        for key in keys[:2]:
            clock.now += 1
            await cache.put(key, _entry(b"x" * 100))
        clock.now += 1
        assert cache.peek(keys[0]) is not None
        await cache.close()

    async def restarted() -> list[bool]:
        cache = _cache(tmp_path, clock, max_bytes=200)
        await cache.put(keys[2], _entry(b"x" * 100))
        kept = [await cache.get(key) is not None for key in keys]
        await cache.close()
        return kept

    asyncio.run(used())
    assert asyncio.run(restarted()) == [True, False, True]


def test_memory_holds_its_limit(tmp_path: Path, clock: Clock) -> None:
    async def filled() -> list[bool]:
        cache = _cache(tmp_path, clock, max_bytes=10_000, memory_bytes=250)
        keys = [f"{number:02x}" * 32 for number in range(4)]
        for key in keys[:3]:
            await cache.put(key, _entry(b"x" * 100))
        await cache.put(keys[3], _entry(b"x" * 251))
        found = [cache.peek(key) is not None for key in keys]
        await cache.close()
        return found

    assert asyncio.run(filled()) == [False, True, True, False]


def test_lease_keeps_another_waiting_until_it_is_left(tmp_path: Path) -> None:
    order: list[str] = []

    async def both() -> None:
        one, other = FileLeases(tmp_path), FileLeases(tmp_path)

        async def second() -> None:
            async with other.hold(KEY):
                order.append("second")

        async with one.hold(KEY):
            waiting = asyncio.create_task(second())
            async with other.hold("cd" * 32):
                await asyncio.sleep(0.1)
            order.append("first")
        await waiting

    asyncio.run(both())
    assert order == ["first", "second"]


def test_lease_ends_with_the_file(tmp_path: Path) -> None:
    async def had_by_another() -> bool:
        leases = FileLeases(tmp_path)
        async with leases.hold(KEY):
            leases.close()
            async with asyncio.timeout(PATIENCE), FileLeases(tmp_path).hold(KEY):
                return True

    assert asyncio.run(had_by_another())


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process, which holds the lease of KEY in a folder until it is killed."""
    code = (
        "import asyncio, pathlib, sys\n"
        "from proxy.cache.file_lease import FileLeases\n"
        "async def hold():\n"
        "    async with FileLeases(pathlib.Path(sys.argv[1])).hold(sys.argv[2]):\n"
        "        print('held', flush=True)\n"
        "        await asyncio.sleep(600)\n"
        "asyncio.run(hold())\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), KEY], stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_lease_of_a_killed_process_is_free(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    async def had(seconds: float) -> bool:
        async with asyncio.timeout(seconds), FileLeases(tmp_path).hold(KEY):
            return True

    with pytest.raises(TimeoutError):
        asyncio.run(had(0.2))

    os.kill(holder.pid, signal.SIGKILL)

    assert asyncio.run(had(20))


def test_lease_of_another_process_is_kept_where_the_system_has_only_locks_of_processes(
    tmp_path: Path, holder: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert holder.poll() is None
    monkeypatch.delattr(fcntl, "F_OFD_SETLK")

    async def had(key: str) -> bool:
        async with asyncio.timeout(0.2), FileLeases(tmp_path).hold(key):
            return True

    assert asyncio.run(had("cd" * 32))
    with pytest.raises(TimeoutError):
        asyncio.run(had(KEY))


def test_equal_requests_to_two_processes_cause_one_call(
    start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    one, other = start_proxy(), start_proxy()

    async def slow(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.1)
        return drawn()

    async def both() -> list[httpx.Response]:
        body = {"prompt": "a kite"}
        posts = [proxy.client.post("/v1/images/generations", json=body) for proxy in (one, other) * 20]
        return list(await asyncio.gather(*posts))

    upstream.mock(side_effect=slow)
    responses = one.portal.call(both)

    assert {response.status_code for response in responses} == {200}
    assert {response.content for response in responses} == {responses[0].content}
    assert upstream.call_count == 1
    assert {response.headers["x-cache"] for response in responses} == {"miss", "hit"}


def test_failure_in_one_process_is_tried_again_by_the_other(
    start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    one, other = start_proxy(), start_proxy()
    upstream.mock(side_effect=[httpx.Response(418), drawn()])

    async def both() -> list[int]:
        posts = [proxy.client.post("/v1/images/generations", json={"prompt": "a kite"}) for proxy in (one, other)]
        return sorted(response.status_code for response in await asyncio.gather(*posts))

    assert one.portal.call(both) == [200, 502]
    assert upstream.call_count == 2


def test_lease_that_fails_keeps_nobody_from_an_answer(
    proxy: RunningProxy, upstream: respx.Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("proxy.cache.file_lease.fcntl.fcntl", failing)

    responses = [proxy.generate() for _ in range(2)]

    assert [response.headers["x-cache"] for response in responses] == ["miss", "hit"]
    assert upstream.call_count == 1
    (event,) = proxy.events("cache_error")
    assert (event["operation"], event["cause"]) == ("lease", "ENOLCK")
