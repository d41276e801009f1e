"""What the upstream service says marks a key, a project or a model, for as long as it says, and never for ever."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from proxy.account_marks import DEFAULT_SECONDS, next_pacific_midnight
from proxy.atomic import write_private
from proxy.google_errors import Cause, read_refused_call
from proxy.home import Home
from proxy.retrying import LONGEST_PAUSE, Retries, pause_before
from tests.proxy.conftest import Clock, RunningProxy, drawn, refused

QUOTA = "type.googleapis.com/google.rpc.QuotaFailure"
MINUTE = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
DAY = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
FLASH = "gemini-2.5-flash-image"


def _write(home: Home, file: str, **account: object) -> None:
    content = {"name": file, "project": file, "api_key": f"{file}-key", **account}
    write_private(home.accounts / f"{file}.json", json.dumps(content).encode())


def _only(home: Home, *files: str) -> None:
    for path in home.accounts.iterdir():
        path.unlink()
    for file in files:
        _write(home, file)


def _quota(*quota_ids: str, delay: str = "1.5s", message: str = "quota exceeded", **more: str) -> httpx.Response:
    violations = [{"quotaId": quota_id, **more} for quota_id in quota_ids]
    details = [{"@type": QUOTA, "violations": violations}, {"retryDelay": delay}]
    error = {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": details}
    return httpx.Response(429, json={"error": error})


def _marks(proxy: RunningProxy) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = proxy.stats()["accounts"]["marks"]
    return found


def _seconds(mark: dict[str, Any], clock: Clock) -> float:
    return datetime.fromisoformat(mark["until"]).timestamp() - clock.now


@pytest.mark.parametrize(
    ("status", "error", "cause"),
    [
        (429, {}, Cause.QUOTA_MINUTE),
        (429, {"message": "Quota exceeded for metric x, limit: 0, model: y"}, Cause.NO_QUOTA),
        (429, {"message": "Quota exceeded for metric x, limit: 0.5"}, Cause.QUOTA_MINUTE),
        (429, {"details": [{"violations": [{"quotaId": MINUTE}, {"quotaId": DAY}]}]}, Cause.QUOTA_DAY),
        (429, {"details": [{"violations": [{"quotaMetric": "x/requests_per_model_per_day"}]}]}, Cause.QUOTA_DAY),
        (429, {"details": [{"violations": [{"quotaId": MINUTE, "quotaValue": "0"}]}]}, Cause.NO_QUOTA),
        (429, {"details": [{"reason": "MODEL_CAPACITY_EXHAUSTED"}]}, Cause.CAPACITY),
        (429, {"details": [{"violations": "none"}, {"violations": [None, 1]}, 7], "message": 3}, Cause.QUOTA_MINUTE),
        (503, {"status": "UNAVAILABLE"}, Cause.CAPACITY),
        (400, {"details": [{"reason": "API_KEY_INVALID"}]}, Cause.BAD_KEY),
        (401, {"status": "UNAUTHENTICATED"}, Cause.BAD_KEY),
        (403, {"status": "PERMISSION_DENIED", "details": [{"reason": "SERVICE_DISABLED"}]}, Cause.PERMISSION),
        (400, {"status": "FAILED_PRECONDITION"}, Cause.PERMISSION),
        (400, {"status": "INVALID_ARGUMENT"}, Cause.OTHER),
        (500, {"status": "INTERNAL"}, Cause.OTHER),
    ],
)
def test_cause_is_read_from_the_answer(status: int, error: dict[str, Any], cause: Cause) -> None:
    assert read_refused_call(status, None, json.dumps({"error": error}).encode()).cause is cause


@given(
    status=st.integers(400, 599),
    body=st.binary(max_size=200)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["error", "details", "violations", "message", "status", "reason", "quotaId", "retryDelay"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode()),
)
def test_any_answer_has_a_cause(status: int, body: bytes) -> None:
    call = read_refused_call(status, None, body)

    assert call.status == status
    assert call.cause in Cause
    assert call.retry_after is None or call.retry_after >= 0


@pytest.mark.parametrize(
    ("now", "midnight"),
    [
        ("2026-01-11T10:00:00Z", "2026-01-12T08:00:00Z"),
        ("2026-07-01T06:59:59Z", "2026-07-01T07:00:00Z"),
        ("2026-07-01T07:00:00Z", "2026-07-02T07:00:00Z"),
        ("2026-03-08T09:00:00Z", "2026-03-09T07:00:00Z"),
    ],
    ids=["winter", "a second before", "midnight itself", "the day that summer time begins"],
)
def test_day_ends_at_midnight_in_the_pacific_time_zone(now: str, midnight: str) -> None:
    assert (
        next_pacific_midnight(datetime.fromisoformat(now).timestamp()) == datetime.fromisoformat(midnight).timestamp()
    )


@pytest.mark.parametrize(
    ("answer", "cause", "seconds"),
    [
        (_quota(MINUTE), "quota_minute", 1.5),
        (_quota(MINUTE, delay="soon"), "quota_minute", DEFAULT_SECONDS[Cause.QUOTA_MINUTE]),
        (_quota(DAY), "quota_day", next_pacific_midnight(1_800_000_000.0) - 1_800_000_000.0),
        (_quota(MINUTE, message="limit: 0, model: x"), "no_quota", DEFAULT_SECONDS[Cause.NO_QUOTA]),
    ],
    ids=["minute", "minute without a delay", "day, whatever the delay says", "no access"],
)
def test_quota_marks_the_project_for_the_model(
    answer: httpx.Response, cause: str, seconds: float, proxy: RunningProxy, upstream: respx.Route, clock: Clock
) -> None:
    upstream.mock(side_effect=[answer, drawn()])
    proxy.generate()

    (mark,) = _marks(proxy)
    assert (mark["scope"], mark["model"], mark["cause"]) == ("project", "gemini-3-pro-image", cause)
    assert mark["reason"] == "RESOURCE_EXHAUSTED"
    assert _seconds(mark, clock) == pytest.approx(seconds)


def test_keys_of_one_project_share_its_quota(
    home: Home, start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    _only(home, "a", "b")
    _write(home, "b", project="a")
    upstream.mock(side_effect=lambda _: _quota(MINUTE, delay="30s"))
    proxy = start_proxy()

    response = proxy.generate()

    assert (response.status_code, response.headers["retry-after"]) == (429, "30")
    assert upstream.call_count == 1
    assert len(_marks(proxy)[0]["accounts"]) == 2


def test_quota_of_one_model_leaves_the_others(
    home: Home, start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    _only(home, "a")
    upstream.mock(side_effect=[_quota(DAY), drawn(), drawn()])
    proxy = start_proxy()

    assert proxy.generate().status_code == 429
    assert proxy.send("GET", "/readyz").status_code == 503
    assert proxy.generate({"model": FLASH}).status_code == 200
    assert proxy.send("GET", "/readyz").status_code == 200
    assert proxy.generate({"prompt": "another"}).status_code == 429
    assert upstream.call_count == 2


def test_day_is_over_at_midnight(proxy: RunningProxy, upstream: respx.Route, clock: Clock) -> None:
    upstream.mock(side_effect=lambda _: _quota(DAY, delay="2s"))
    wait = int(proxy.generate().headers["retry-after"])
    clock.now += wait - 1
    before = proxy.generate()
    clock.now += 1
    upstream.mock(side_effect=lambda _: drawn())

    assert (before.status_code, before.headers["retry-after"]) == (429, "1")
    assert wait > 3600
    assert proxy.generate().status_code == 200


def test_exhausted_pool_tells_the_last_reason(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=lambda _: _quota(DAY))

    assert "(quota_day: RESOURCE_EXHAUSTED)" in proxy.generate().json()["error"]["message"]


@pytest.mark.parametrize(
    "answer", [refused(503), refused(429, "RESOURCE_EXHAUSTED", reason="MODEL_CAPACITY_EXHAUSTED")]
)
def test_capacity_of_the_model_is_no_account_s_fault(
    answer: httpx.Response, proxy: RunningProxy, upstream: respx.Route, clock: Clock
) -> None:
    upstream.mock(side_effect=[answer, drawn(), drawn()])

    assert proxy.generate().status_code == 200

    accounts = proxy.stats()["accounts"]
    assert (accounts["usable"], accounts["cooled"], accounts["disabled"]) == (2, 0, [])
    (mark,) = accounts["marks"]
    assert (mark["scope"], mark["accounts"], mark["cause"]) == ("model", [], "capacity")
    clock.now += DEFAULT_SECONDS[Cause.CAPACITY]
    assert _marks(proxy) == []


def test_capacity_that_lasts_is_told_with_its_delay(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=lambda _: refused(503, retryDelay="40s"))

    response = proxy.generate()

    assert (response.status_code, response.headers["retry-after"]) == (502, "40")
    assert upstream.call_count == 1


def test_permission_is_asked_for_again_after_its_time(
    home: Home, start_proxy: Callable[..., RunningProxy], upstream: respx.Route, clock: Clock
) -> None:
    _only(home, "a")
    upstream.mock(side_effect=[refused(403, "PERMISSION_DENIED"), drawn()])
    proxy = start_proxy()
    codes = [proxy.generate().json()["error"]["code"] for _ in range(2)]
    clock.now += DEFAULT_SECONDS[Cause.PERMISSION]

    assert codes == ["no_account", "no_account"]
    assert proxy.generate().status_code == 200


def test_file_that_is_touched_ends_the_marks_it_earned(
    home: Home, start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    _only(home, "a")
    upstream.mock(side_effect=[_quota(DAY), drawn()])
    proxy = start_proxy()
    assert proxy.generate().status_code == 429

    os.utime(home.accounts / "a.json", (1, 1))

    assert proxy.generate().status_code == 200
    assert start_proxy().stats()["accounts"]["marks"] == []


def test_every_mark_has_an_end(proxy: RunningProxy, upstream: respx.Route, clock: Clock) -> None:
    upstream.mock(side_effect=lambda _: refused(401, "UNAUTHENTICATED"))
    proxy.generate()
    assert len(_marks(proxy)) == 2

    clock.now += max(DEFAULT_SECONDS.values())

    assert _marks(proxy) == []


def test_changed_file_is_seen_without_a_restart(home: Home, proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=lambda _: refused(401, "UNAUTHENTICATED"))
    proxy.generate()
    assert proxy.stats()["accounts"]["usable"] == 0
    upstream.mock(side_effect=lambda _: drawn())

    _write(home, "second", api_key="a-new-key")

    assert proxy.generate().status_code == 200
    assert upstream.calls.last.request.headers["x-goog-api-key"] == "a-new-key"
    (event,) = proxy.events("accounts_changed")
    assert (event["accounts"], event["rejected"]) == (2, 0)


def test_file_that_comes_goes_or_breaks_is_seen_without_a_restart(
    home: Home, proxy: RunningProxy, upstream: respx.Route
) -> None:
    assert upstream is not None
    counts = [proxy.stats()["accounts"]["usable"]]
    _write(home, "third")
    counts.append(proxy.stats()["accounts"]["usable"])
    (home.accounts / "third.json").unlink()
    counts.append(proxy.stats()["accounts"]["usable"])
    (home.accounts / "second.json").write_text("{")
    counts.append(proxy.stats()["accounts"]["usable"])

    assert counts == [2, 3, 2, 1]
    assert proxy.events("account_rejected")[-1]["file"] == "second.json"


def test_folder_that_is_gone_leaves_no_account(home: Home, proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    home.accounts.rename(home.path / "away")

    assert proxy.generate().json()["error"]["code"] == "no_account"
    (home.path / "away").rename(home.accounts)
    assert proxy.generate().status_code == 200


def test_marks_are_shared_by_processes_on_one_home(
    start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    one, other = start_proxy(), start_proxy()
    upstream.mock(side_effect=[_quota(DAY), drawn(), drawn()])
    one.generate()

    assert len(_marks(other)) == 1
    marked = upstream.calls[0].request.headers["x-goog-api-key"]
    other.generate({"prompt": "another"})
    assert upstream.calls.last.request.headers["x-goog-api-key"] != marked


class _Gate:
    """An upstream that answers when it is told to, and knows how many calls were under way at once."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.most = 0
        self._under_way = 0

    async def __call__(self, _: httpx.Request) -> httpx.Response:
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        # Long enough for all others to come this far, if anything let them.
        for _turn in range(20):
            await asyncio.sleep(0)
        self._under_way -= 1
        return drawn()


def test_calls_with_one_account_at_one_time_are_limited(
    home: Home, start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    _only(home, "a", "b")
    gate = _Gate()
    upstream.mock(side_effect=gate)
    proxy = start_proxy(IMAGE_PROXY_ACCOUNT_CONCURRENCY="2")

    responses = proxy.together(*[{"prompt": f"kite {number}", "n": 3} for number in range(5)])

    assert [len(response.json()["data"]) for response in responses] == [3] * 5
    assert gate.most == 4
    assert proxy.stats()["accounts"]["under_way"] == 0


def test_account_that_stays_busy_is_no_hang(
    home: Home, start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    _only(home, "a")

    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        return drawn()

    upstream.mock(side_effect=hang)
    proxy = start_proxy(IMAGE_PROXY_ACCOUNT_CONCURRENCY="1", IMAGE_PROXY_UPSTREAM_TIMEOUT_SECONDS="1")

    responses = proxy.together({"prompt": "one"}, {"prompt": "two"})

    assert {response.status_code for response in responses} <= {429, 504}
    assert all(event["duration_ms"] < 10_000 for event in proxy.events())


def test_request_for_many_images_never_burns_the_whole_pool(
    home: Home, start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    _only(home, *(f"account-{number}" for number in range(9)))
    upstream.mock(side_effect=lambda _: _quota(MINUTE, delay="30s"))

    response = start_proxy().generate({"n": 2})

    assert response.status_code == 429
    assert upstream.call_count <= 6


def test_further_calls_of_a_request_are_counted() -> None:
    retries = Retries(1)

    assert [retries.spend() for _ in range(4)] == [True, True, True, False]


@given(attempt=st.integers(1, 9), cause=st.sampled_from(Cause), delay=st.none() | st.floats(0, 100))
def test_pause_is_jittered_over_its_whole_length_after_the_delay(
    attempt: int, cause: Cause, delay: float | None
) -> None:
    least = pause_before(attempt, cause, delay, draw=lambda _: 0.0)
    most = pause_before(attempt, cause, delay, draw=lambda longest: longest)

    assert least == (delay or 0.0)
    assert 0 < most - least <= LONGEST_PAUSE + 1e-9
    assert least <= pause_before(attempt, cause, delay) <= most
