"""A repeated generation is answered from memory, and nobody can tell, but by the time it takes."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import respx

from proxy.hot_path import LARGEST_BODY, MOST_KNOWN
from tests.proxy.conftest import Clock, RunningProxy, drawn, png

pytestmark = pytest.mark.story("007-04")


@pytest.fixture
def warm(proxy: RunningProxy, upstream: respx.Route) -> RunningProxy:
    """A proxy that has answered `a kite` twice: once from upstream, once from memory."""
    assert upstream is not None
    assert [proxy.generate().headers["x-cache"] for _ in range(2)] == ["miss", "hit"]
    return proxy


def _without(found: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name not in names}


def test_answer_from_memory_has_body_headers_and_event_of_one_by_the_long_way(warm: RunningProxy) -> None:
    short = warm.generate()
    # A member that is null counts as absent, so this is the same request in other bytes.
    long = warm.generate({"style": None})

    assert long.content == short.content
    own = ("x-request-id", "openai-processing-ms")
    assert _without(dict(long.headers), *own) == _without(dict(short.headers), *own)
    events = [_without(event, "ts", "request_id", "duration_ms") for event in warm.events()[-2:]]
    assert events[0] == events[1]
    assert [event["cache"] for event in events] == ["hit", "hit"]


def test_every_answer_from_memory_is_counted(warm: RunningProxy) -> None:
    before = warm.send("GET", "/metrics").text
    for _ in range(3):
        warm.generate()

    assert warm.stats()["cache"]["hits"] == 4
    assert len(warm.events()) == 5
    name = 'image_proxy_http_requests_total{method="POST",route="/v1/images/generations",status="200"}'
    after = warm.send("GET", "/metrics").text
    assert [line.split()[-1] for text in (before, after) for line in text.splitlines() if line.startswith(name)] == [
        "2.0",
        "5.0",
    ]


def test_request_id_and_label_are_taken_from_each_request(warm: RunningProxy) -> None:
    response = warm.generate(headers={"x-request-id": "my-own-id-1", "x-synthetic": "true"})
    forged = warm.generate(headers={"x-request-id": "a b"})

    assert response.headers["x-request-id"] == "my-own-id-1"
    event, other = warm.events()[-2:]
    assert (event["request_id"], event["synthetic"]) == ("my-own-id-1", True)
    assert (other["request_id"], other["synthetic"]) == (forged.headers["x-request-id"], False)
    assert len(forged.headers["x-request-id"]) == 32


@pytest.mark.parametrize("authorization", ["Bearer wrong", "", "Basic x"])
def test_key_is_checked_each_time(authorization: str, warm: RunningProxy) -> None:
    response = warm.generate(headers={"authorization": authorization})

    assert response.json()["error"]["code"] == "invalid_api_key"


def test_key_that_was_withdrawn_is_refused(warm: RunningProxy) -> None:
    warm.service.keys._digests = frozenset()  # as a reload does

    assert warm.generate().status_code == 401


def test_content_type_is_looked_at_each_time(warm: RunningProxy) -> None:
    body = json.dumps({"prompt": "a kite"}).encode()
    headers = {"content-type": "text/plain"}

    assert warm.send("POST", "/v1/images/generations", content=body, headers=headers).status_code == 415


def test_age_is_told_in_whole_seconds(warm: RunningProxy, clock: Clock) -> None:
    clock.now += 61.9

    assert warm.generate().headers["age"] == "61"
    assert "age" not in warm.generate({"prompt": "another"}).headers


def test_life_ends_in_memory_too(start_proxy: Callable[..., RunningProxy], upstream: respx.Route, clock: Clock) -> None:
    proxy = start_proxy(CACHE_TTL_SECONDS="60")
    states = [proxy.generate().headers["x-cache"] for _ in range(2)]
    clock.now += 60

    assert [*states, proxy.generate().headers["x-cache"]] == ["miss", "hit", "miss"]
    assert upstream.call_count == 2


def test_clock_that_was_set_back_makes_memory_a_miss_too(warm: RunningProxy, clock: Clock) -> None:
    clock.now -= 10

    assert warm.generate().headers["x-cache"] == "miss"


def test_answer_that_was_made_anew_replaces_the_one_in_memory(warm: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=lambda _: drawn(png(colour="blue")))

    fresh = warm.generate(headers={"cache-control": "no-cache"})

    assert fresh.headers["x-cache"] == "bypass"
    assert warm.generate().content == fresh.content


def test_no_store_is_honoured_for_what_is_in_memory(warm: RunningProxy, upstream: respx.Route) -> None:
    assert warm.generate(headers={"cache-control": "no-store"}).headers["x-cache"] == "bypass"
    assert upstream.call_count == 2


@pytest.mark.parametrize("harm", ["removed", "changed", "replaced", "folder removed"])
def test_answer_whose_file_is_not_the_same_any_more_is_not_served(
    harm: str, warm: RunningProxy, upstream: respx.Route
) -> None:
    (path,) = warm.service.home.cache.glob("??/*")
    if harm == "removed":
        path.unlink()
    elif harm == "changed":
        path.write_bytes(b"x" * path.stat().st_size)
        os.utime(path, (1, 1))
    elif harm == "replaced":
        other = path.with_name("other")
        other.write_bytes(b"{}")
        other.replace(path)
    else:
        shutil.rmtree(warm.service.home.cache)

    response = warm.generate()

    assert response.status_code == 200
    assert response.headers["x-cache"] in ("miss", "error")
    assert upstream.call_count == 2


def test_memory_can_be_switched_off(start_proxy: Callable[..., RunningProxy], upstream: respx.Route) -> None:
    proxy = start_proxy(IMAGE_PROXY_CACHE_MEMORY_MB="0")

    assert [proxy.generate().headers["x-cache"] for _ in range(3)] == ["miss", "hit", "hit"]
    assert upstream.call_count == 1


def test_body_in_pieces_is_read_whole(warm: RunningProxy) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"prompt": '
        yield b'"a kite"}'

    response = warm.send(
        "POST", "/v1/images/generations", content=pieces(), headers={"content-type": "application/json"}
    )

    assert response.headers["x-cache"] == "hit"


def test_long_prompt_goes_the_long_way(proxy: RunningProxy, upstream: respx.Route) -> None:
    body = {"prompt": "kite " * (LARGEST_BODY // 5)}

    assert [proxy.generate(body).headers["x-cache"] for _ in range(3)] == ["miss", "hit", "hit"]
    assert upstream.call_count == 1


def test_repeated_header_goes_the_long_way(warm: RunningProxy) -> None:
    headers = [("x-a", "1"), ("x-a", "2"), ("content-type", "application/json")]

    response = warm.send("POST", "/v1/images/generations", content=b'{"prompt":"a kite"}', headers=headers)

    assert response.headers["x-cache"] == "hit"


def test_only_so_many_requests_are_remembered(
    proxy: RunningProxy, upstream: respx.Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_KNOWN > 2
    monkeypatch.setattr("proxy.hot_path.MOST_KNOWN", 2)
    for number in (1, 2, 3, 1, 2, 3):
        proxy.generate({"prompt": f"kite {number}"})

    assert upstream.call_count == 3
    assert [event["cache"] for event in proxy.events()] == ["miss"] * 3 + ["hit"] * 3


def test_defect_in_memory_leaves_the_request_to_the_long_way(
    warm: RunningProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("a defect that quotes 'a kite'")

    monkeypatch.setattr(warm.service.metrics.hits, "add", broken)

    response = warm.generate()

    assert (response.status_code, response.headers["x-cache"]) == (200, "hit")
    (event,) = warm.events("internal_error")
    assert event["exception"] == "ValueError"
    assert "kite" not in json.dumps(event)


def test_failures_are_never_remembered(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=[httpx.Response(418), drawn(), drawn()])

    assert [proxy.generate().status_code for _ in range(3)] == [502, 200, 200]
    assert upstream.call_count == 2
