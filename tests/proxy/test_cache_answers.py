"""What the cache does for requests, seen from outside."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
import respx

from tests.proxy.conftest import Clock, RunningProxy, drawn, ended, png, refused

pytestmark = pytest.mark.story("007-04")

COLOURS = ("red", "green", "blue", "white")


def test_second_request_is_a_hit_without_an_upstream_call(proxy: RunningProxy, upstream: respx.Route) -> None:
    first, second = proxy.generate(), proxy.generate()

    assert [first.headers["x-cache"], second.headers["x-cache"]] == ["miss", "hit"]
    assert upstream.call_count == 1


def test_hit_is_byte_identical_to_its_miss(proxy: RunningProxy, upstream: respx.Route, clock: Clock) -> None:
    colours = iter(COLOURS)
    upstream.mock(side_effect=lambda _: drawn(png(colour=next(colours))))
    first = proxy.generate({"n": 3, "style": "vivid"})
    clock.now += 100

    second = proxy.generate({"n": 3, "style": "vivid"})

    assert second.headers["x-cache"] == "hit"
    assert second.content == first.content
    assert upstream.call_count == 3


def test_edits_are_cached_by_picture_and_mask(proxy: RunningProxy, upstream: respx.Route) -> None:
    red, blue = png(), png(colour="blue")

    def edited(*files: tuple[str, bytes]) -> str:
        return str(proxy.edit(files=list(files)).headers["x-cache"])

    assert [edited(("image", red)), edited(("image", red))] == ["miss", "hit"]
    assert edited(("image", blue)) == "miss"
    assert [edited(("image", red), ("mask", red)), edited(("image", red), ("mask", blue))] == ["miss", "miss"]
    assert upstream.call_count == 4


@pytest.mark.parametrize(
    "changed",
    [
        {"size": "1792x1024"},
        {"response_format": "url"},
        {"safety_threshold": "OFF"},
        {"quality": "hd"},
        {"style": "natural"},
        {"n": 2},
        {"model": "gemini-3-pro-image-2k"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_request_that_differs_in_one_field_is_a_miss(
    changed: dict[str, object], proxy: RunningProxy, upstream: respx.Route
) -> None:
    assert upstream is not None
    proxy.generate()

    assert proxy.generate(changed).headers["x-cache"] == "miss"


def test_hits_never_cross_clients(start_proxy: Callable[..., RunningProxy], upstream: respx.Route) -> None:
    assert upstream is not None
    proxy = start_proxy(IMAGE_PROXY_API_KEYS="first-key,second-key")

    caches = [
        proxy.generate(headers={"authorization": f"Bearer {key}"}).headers["x-cache"]
        for key in ("first-key", "second-key", "first-key")
    ]

    assert caches == ["miss", "miss", "hit"]


def test_answer_expires_after_the_ttl(
    start_proxy: Callable[..., RunningProxy], upstream: respx.Route, clock: Clock
) -> None:
    proxy = start_proxy(CACHE_TTL_SECONDS="60")
    proxy.generate()
    clock.now += 59.9
    before = proxy.generate().headers["x-cache"]
    clock.now += 0.1

    assert [before, proxy.generate().headers["x-cache"]] == ["hit", "miss"]
    assert upstream.call_count == 2


def test_failures_are_not_cached(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=[refused(418), ended("STOP"), drawn()])

    statuses = [proxy.generate().status_code for _ in range(4)]

    assert statuses == [502, 502, 200, 200]
    assert proxy.stats()["cache"]["entries"] == 1


def test_partial_answer_is_not_cached(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=[drawn(), ended("SAFETY"), drawn(), drawn()])

    first, second, third = (proxy.generate({"n": 2}) for _ in range(3))

    assert [len(response.json()["data"]) for response in (first, second, third)] == [1, 2, 2]
    assert third.headers["x-cache"] == "hit"


def test_no_store_neither_looks_up_nor_keeps(proxy: RunningProxy, upstream: respx.Route) -> None:
    no_store = {"cache-control": "no-store"}

    assert proxy.generate(headers=no_store).headers["x-cache"] == "bypass"
    assert proxy.generate().headers["x-cache"] == "miss"
    assert proxy.generate(headers=no_store).headers["x-cache"] == "bypass"
    assert upstream.call_count == 3


def test_no_cache_makes_a_new_answer_and_keeps_it(proxy: RunningProxy, upstream: respx.Route) -> None:
    colours = iter(COLOURS)
    upstream.mock(side_effect=lambda _: drawn(png(colour=next(colours))))
    proxy.generate()

    fresh = proxy.generate(headers={"cache-control": "max-age=0, No-Cache"})

    assert fresh.headers["x-cache"] == "bypass"
    assert proxy.generate().content == fresh.content
    assert upstream.call_count == 2


def test_backend_none_bypasses_and_makes_no_folder(
    start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    proxy = start_proxy(CACHE_BACKEND="none")

    assert [proxy.generate().headers["x-cache"] for _ in range(2)] == ["bypass", "bypass"]
    assert upstream.call_count == 2
    assert not proxy.service.home.cache.exists()
    assert proxy.stats()["cache"]["entries"] is None


def test_refused_request_is_a_bypass(proxy: RunningProxy) -> None:
    assert proxy.generate({"n": 99}).headers["x-cache"] == "bypass"


def test_counters_tell_hits_misses_and_bypasses(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    for body in ({}, {}, {}, {"n": 99}, {"prompt": "another"}):
        proxy.generate(body)

    cache = proxy.stats()["cache"]
    assert {name: cache[name] for name in ("hits", "misses", "bypassed", "errors", "entries")} == {
        "hits": 2,
        "misses": 2,
        "bypassed": 1,
        "errors": 0,
        "entries": 2,
    }
    assert cache["bytes"] == sum(path.stat().st_size for path in proxy.service.home.cache.glob("??/*"))


def test_cache_survives_a_restart(start_proxy: Callable[..., RunningProxy], upstream: respx.Route) -> None:
    first = start_proxy().generate()

    second = start_proxy().generate()

    assert second.headers["x-cache"] == "hit"
    assert second.content == first.content
    assert upstream.call_count == 1


def test_answers_are_not_for_caches_on_the_way(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    assert proxy.generate().headers["cache-control"] == "private, no-store"
    assert proxy.generate({"n": 99}).headers["cache-control"] == "private, no-store"


def test_equal_requests_at_one_time_cause_one_call(proxy: RunningProxy, upstream: respx.Route) -> None:
    responses = proxy.together(*[{} for _ in range(50)])

    assert {response.content for response in responses} == {responses[0].content}
    assert upstream.call_count == 1
    assert proxy.stats()["single_flight"] == {"in_flight": 0, "joined": 49}
    events = proxy.events()
    assert len(events) == 50
    assert len([event for event in events if event["account"]]) == 1


def test_different_requests_at_one_time_are_not_joined(proxy: RunningProxy, upstream: respx.Route) -> None:
    responses = proxy.together(*[{"prompt": f"kite {number}"} for number in range(5)])

    assert [response.status_code for response in responses] == [200] * 5
    assert upstream.call_count == 5


def test_failure_reaches_all_who_wait(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=lambda _: httpx.Response(418))

    responses = proxy.together({}, {}, {})

    assert [response.status_code for response in responses] == [502, 502, 502]
    assert upstream.call_count == 1


def test_clients_share_answers_where_that_is_switched_on(
    start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    proxy = start_proxy(IMAGE_PROXY_API_KEYS="first-key,second-key", IMAGE_PROXY_CACHE_SHARED="true")

    caches = [
        proxy.generate(headers={"authorization": f"Bearer {key}"}).headers["x-cache"]
        for key in ("first-key", "second-key", "second-key")
    ]

    assert caches == ["miss", "hit", "hit"]
    assert upstream.call_count == 1


def test_cache_s_key_never_leaves(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    responses = [proxy.generate() for _ in range(2)]

    (path,) = proxy.service.home.cache.glob("??/*")
    shown = f"{[response.headers for response in responses]}{proxy.service.home.log.read_text()}{proxy.stats()}"
    assert path.name not in shown
