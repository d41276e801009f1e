"""The log says everything that a release needs to know of a request, once, and nothing that is private."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import StartError
from proxy.eventlog import EventLog, utc
from proxy.identity import VERSION, build
from proxy.prepared_event import PreparedEvent, encoded
from tests.proxy.conftest import Clock, RunningProxy, drawn, ended, png, refused

pytestmark = pytest.mark.story("007-03")

FIELDS = [
    *("ts", "level", "event", "version", "build", "instance", "synthetic", "request_id", "endpoint", "model"),
    *("prompt_hash", "n", "images", "size", "aspect_ratio", "image_size", "quality", "style", "safety_threshold"),
    *("cache", "status", "error_type", "error_code", "account", "generation_time_ms", "duration_ms"),
]


def test_request_event_has_every_field(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    response = proxy.generate({"n": 2, "size": "1792x1024", "quality": "hd", "style": "natural"})

    (event,) = proxy.events()
    assert list(event) == FIELDS
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event["ts"])
    assert (event["version"], event["build"], event["level"]) == (VERSION, build(), "INFO")
    assert (event["endpoint"], event["model"], event["n"], event["images"]) == (
        "generations",
        "gemini-3-pro-image",
        2,
        2,
    )
    assert (event["size"], event["aspect_ratio"], event["quality"], event["style"]) == (
        "1792x1024",
        "16:9",
        "hd",
        "natural",
    )
    assert (event["cache"], event["status"], event["safety_threshold"]) == ("miss", 200, "MEDIUM")
    assert event["request_id"] == response.headers["x-request-id"]
    assert 0 < event["generation_time_ms"] <= event["duration_ms"]


def test_edit_has_one_event_too(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    proxy.edit(n="2")

    (event,) = proxy.events()
    assert (event["endpoint"], event["n"], event["images"], event["style"]) == ("edits", 2, 2, None)


def test_fields_that_do_not_apply_are_null(proxy: RunningProxy) -> None:
    proxy.generate(headers={"authorization": "Basic abc"})

    (event,) = proxy.events()
    assert event["cache"] == "bypass"
    null = {name for name, value in event.items() if value is None}
    assert {"model", "prompt_hash", "n", "size", "account", "generation_time_ms", "safety_threshold"} <= null


def test_hit_has_no_generation_time_and_no_account(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    proxy.generate()
    proxy.generate()

    miss, hit = proxy.events()
    assert (miss["cache"], hit["cache"]) == ("miss", "hit")
    assert re.fullmatch(r"[0-9a-f]{12}", miss["account"])
    assert miss["generation_time_ms"] is not None
    assert (hit["account"], hit["generation_time_ms"], hit["images"]) == (None, None, 1)


def test_prompt_is_nowhere_in_the_home(proxy: RunningProxy, upstream: respx.Route) -> None:
    words = "a secret castle"
    proxy.generate({"prompt": words, "style": "vivid"})
    upstream.mock(side_effect=lambda _: refused(503))
    proxy.generate({"prompt": f"{words} again"})

    contents = {path: path.read_bytes() for path in proxy.service.home.path.rglob("*") if path.is_file()}
    answers = [path for path, content in contents.items() if words.encode() in content]
    # Only the cached answer itself has it, in revised_prompt: the client asked for that.
    assert [path.parent.parent.name for path in answers] == ["image_cache"]


def test_prompt_hash_is_keyed_and_equal_for_equal_prompts(home_log: Callable[[bytes], EventLog]) -> None:
    one, other = home_log(b"key one"), home_log(b"key two")

    assert one.prompt_hash("a kite") == one.prompt_hash("a kite")
    assert one.prompt_hash("a kite") != one.prompt_hash("a kit")
    assert one.prompt_hash("a kite") != other.prompt_hash("a kite")


def test_no_key_is_in_the_log(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=lambda _: refused(400, "INVALID_ARGUMENT", reason="API_KEY_INVALID"))
    proxy.generate()

    text = proxy.service.home.log.read_text()
    assert proxy.key not in text
    for account in proxy.service.pool.accounts:
        assert account.api_key.get_secret_value() not in text


def test_event_is_in_the_file_before_the_answer_ends(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    seen: list[int] = []

    async def streamed() -> None:
        request = proxy.client.build_request("POST", "/v1/images/generations", json={"prompt": "a kite"})
        async with proxy.client.stream("POST", request.url, content=request.content, headers=request.headers):
            seen.append(len(proxy.events()))

    proxy.portal.call(streamed)
    assert seen == [1]


@pytest.mark.parametrize(("header", "synthetic"), [("true", True), ("false", False), ("yes", False), (None, False)])
def test_synthetic_traffic_is_labelled(
    header: str | None, synthetic: bool, proxy: RunningProxy, upstream: respx.Route
) -> None:
    assert upstream is not None
    proxy.generate(headers={} if header is None else {"x-synthetic": header})

    assert proxy.events()[0]["synthetic"] is synthetic


def test_clients_own_request_id_is_kept_if_it_is_plain(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    own = proxy.generate(headers={"x-request-id": "release-42_a"})
    forged = proxy.generate(headers={"x-request-id": '","status":200,"x":"'})
    short = proxy.generate(headers={"x-request-id": "a"})

    assert own.headers["x-request-id"] == "release-42_a"
    assert re.fullmatch(r"[0-9a-f]{32}", forged.headers["x-request-id"])
    assert re.fullmatch(r"[0-9a-f]{32}", short.headers["x-request-id"])
    assert [event["request_id"] for event in proxy.events()] == [
        response.headers["x-request-id"] for response in (own, forged, short)
    ]


def test_start_is_logged_with_settings_and_without_secrets(start_proxy: Callable[..., RunningProxy]) -> None:
    proxy = start_proxy(IMAGE_PROXY_API_KEYS="a-secret-key", CACHE_TTL_SECONDS="60")

    (event,) = proxy.events("server_started")
    assert event["settings"]["CACHE_TTL_SECONDS"] == "60"
    assert "IMAGE_PROXY_API_KEYS" not in event["settings"]
    assert "a-secret-key" not in json.dumps(event)


def test_upstream_failure_is_logged_though_the_retry_succeeds(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=[refused(503), drawn()])

    assert proxy.generate().status_code == 200

    (failure,) = proxy.events("upstream_failure")
    (event,) = proxy.events()
    assert (failure["status"], failure["reason"], failure["level"]) == (503, "UNAVAILABLE", "ERROR")
    assert failure["request_id"] == event["request_id"]
    assert failure["account"] != event["account"]


def test_partial_failure_is_logged_and_what_succeeded_is_returned(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=[drawn(), ended("SAFETY"), drawn()])

    response = proxy.generate({"n": 3})

    assert len(response.json()["data"]) == 2
    (partial,) = proxy.events("partial_failure")
    assert (partial["n"], partial["images"], partial["error_codes"]) == (3, 2, {"moderation_blocked": 1})
    (event,) = proxy.events()
    assert (event["status"], event["n"], event["images"], event["error_code"]) == (200, 3, 2, None)


def test_failure_of_our_side_stands_before_a_refusal(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=[ended("SAFETY"), refused(418, "TEAPOT")])

    assert proxy.generate({"n": 2}).json()["error"]["code"] == "upstream_error"


def test_no_client_keys_at_all_is_said_at_the_start(start_proxy: Callable[..., RunningProxy]) -> None:
    first = start_proxy()
    configuration = first.service.home.read()
    first.service.home.write(configuration.model_copy(update={"client_keys": ()}))

    proxy = start_proxy()

    assert len(proxy.events("no_client_keys")) == 1
    assert proxy.generate().status_code == 401


def test_lines_of_many_threads_are_whole(home_log: Callable[[bytes], EventLog], tmp_path: Path) -> None:
    logs = [home_log(b"key") for _ in range(4)]
    threads = [
        threading.Thread(target=lambda log=log: [log.info("x", text="y" * 5000) for _ in range(50)]) for log in logs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert len([json.loads(line) for line in lines]) == 200


def test_text_cannot_forge_a_second_line(home_log: Callable[[bytes], EventLog], tmp_path: Path) -> None:
    home_log(b"key").info("x", text='a\n{"event": "image_request"}\u2028')

    (line,) = (tmp_path / "log.jsonl").read_text().splitlines()
    assert json.loads(line)["event"] == "x"


def test_log_that_cannot_be_opened_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"log .* cannot be written"):
        EventLog(tmp_path, "one", b"key", clock=Clock())


def test_log_that_fails_later_fails_no_request(
    proxy: RunningProxy, upstream: respx.Route, capsys: pytest.CaptureFixture[str]
) -> None:
    assert upstream is not None
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, proxy.service.log.file._descriptor)  # the only way to a full disk without one
    os.close(full)

    assert proxy.generate().status_code == 200
    assert "an event cannot be logged: No space left on device" in capsys.readouterr().err


def test_upstream_calls_tell_what_was_sent_but_no_prompt(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    response = proxy.edit(files=[("image", png()), ("mask", png())], prompt="a secret castle", size="1024x768")
    proxy.generate()

    found = proxy.send("GET", f"/internal/upstream-calls?request_id={response.headers['x-request-id']}")
    (call,) = found.json()["calls"]
    assert (call["model"], call["aspect_ratio"], call["image_size"]) == ("gemini-3-pro-image", "4:3", "1K")
    assert (call["image_parts"], call["status"], call["finish_reason"]) == (2, 200, "STOP")
    assert "castle" not in found.text
    assert len(proxy.send("GET", "/internal/upstream-calls").json()["calls"]) == 2


def test_failed_calls_are_counted_and_refusals_are_not(
    start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    proxy = start_proxy(IMAGE_PROXY_UPSTREAM_TIMEOUT_SECONDS="1")
    upstream.mock(side_effect=[ended("SAFETY"), httpx.ReadTimeout("slow")])
    proxy.generate()
    proxy.generate()

    assert proxy.stats()["upstream"] == {"calls": 2, "failures": 1}
    calls = proxy.send("GET", "/internal/upstream-calls").json()["calls"]
    assert [(call["status"], call["finish_reason"]) for call in calls] == [(200, "SAFETY"), (None, None)]


@pytest.fixture
def home_log(tmp_path: Path) -> Iterator[Callable[[bytes], EventLog]]:
    """Opens the log of a folder, by the key of its hashes."""
    with ExitStack() as stack:

        def opened(key: bytes) -> EventLog:
            log = EventLog(tmp_path / "log.jsonl", "one", key, clock=Clock())
            stack.callback(log.close)
            return log

        yield opened


@given(
    record=st.dictionaries(st.text(max_size=5), st.text() | st.sampled_from(["%b", "100%", "%%s"]) | st.none()),
    chosen=st.sets(st.integers(0, 5)),
)
def test_prepared_event_is_the_line_that_would_be_encoded(record: dict[str, str | None], chosen: set[int]) -> None:
    varying = [name for place, name in enumerate(record) if place in chosen]

    line = PreparedEvent(record, varying).line(*(encoded(record[name]) for name in varying))

    assert line == encoded(record) + b"\n"


@given(moment=st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)))
def test_time_is_told_to_the_microsecond(moment: datetime) -> None:
    told = datetime.fromisoformat(utc(moment.replace(tzinfo=UTC).timestamp()))

    assert abs(told - moment.replace(tzinfo=UTC)) <= timedelta(microseconds=1)
