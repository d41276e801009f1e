from __future__ import annotations

import asyncio
import base64
import gc
import json
import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from checks.check import Context
from checks.judging import judge
from checks.kinds.http import HttpCheck
from checks.observed import look_up
from checks.outcome import Observation, Status
from checks.target import Target
from tests.checks.kinds.answering import KEY, Answering, png, served
from tests.checks.kinds.conftest import Make, MakeContext


@pytest.fixture(scope="module")
def server() -> Iterator[Answering]:
    answering = Answering()
    with served(answering.app) as base:
        answering.base = base
        yield answering


@pytest.fixture
def target(server: Answering) -> Target:
    server.seen.clear()
    return Target(url=server.base, api_key=KEY)


def seen(server: Answering) -> dict[str, str]:
    headers: dict[str, str] = server.seen[-1]["headers"]
    return headers


def entry(content: bytes) -> dict[str, str]:
    return {"b64_json": base64.b64encode(content).decode()}


def test_status_headers_json_and_time_of_an_answer(make: Make, context: MakeContext, target: Target) -> None:
    check = make(HttpCheck, url="/echo", json={"prompt": "a kite"}, expect={"status": 200, "json.method": "POST"})
    observation = check.observe(context(target=target))
    assert judge(check, observation)[0] is Status.PASS
    assert look_up(observation.properties, "headers.x-request-id") == "r/1"
    assert json.loads(observation.properties["json"]["body"]) == {"prompt": "a kite"}
    assert 0 < observation.properties["latency"].value < 10


def test_another_status_than_expected_fails(make: Make, context: MakeContext, target: Target) -> None:
    check = make(HttpCheck, url="/nowhere", expect={"status": 200})
    status, reason = judge(check, check.observe(context(target=target)))
    assert status is Status.FAIL
    assert "404" in reason


def test_the_key_and_the_label_go_to_the_target(
    make: Make, context: MakeContext, target: Target, server: Answering
) -> None:
    make(HttpCheck, url="/echo").observe(context(target=target))
    assert seen(server)["authorization"] == f"Bearer {KEY}"
    assert seen(server)["x-synthetic"] == "true"


def test_neither_key_nor_label_goes_elsewhere(make: Make, context: MakeContext, server: Answering) -> None:
    elsewhere = Target(url="http://127.0.0.1:9", api_key=KEY)
    make(HttpCheck, url=f"{server.base}/echo").observe(context(target=elsewhere))
    assert "authorization" not in seen(server)
    assert "x-synthetic" not in seen(server)


@pytest.mark.parametrize("fields", [{"auth": "bearer"}, {"headers": {"x-api-key": KEY}}, {"json": {"key": KEY}}])
def test_a_request_that_would_carry_the_key_elsewhere_is_not_sent(
    make: Make, context: MakeContext, server: Answering, fields: dict[str, Any]
) -> None:
    server.seen.clear()
    elsewhere = Target(url="http://127.0.0.1:9", api_key=KEY)
    observation = make(HttpCheck, url=f"{server.base}/echo", **fields).observe(context(target=elsewhere))
    assert observation.status is Status.ERROR
    assert KEY not in observation.reason
    assert server.seen == []


def test_the_label_can_be_set_by_the_checklist(
    make: Make, context: MakeContext, target: Target, server: Answering
) -> None:
    make(HttpCheck, url="/echo", headers={"X-Synthetic": "false"}).observe(context(target=target))
    assert seen(server)["x-synthetic"] == "false"


def test_no_key_and_a_wrong_key(make: Make, context: MakeContext, target: Target, server: Answering) -> None:
    target = target.model_copy(update={"stats": "/stats"})
    refused = make(HttpCheck, url="/stats", auth="wrong", expect={"status": 401})
    assert judge(refused, refused.observe(context(target=target)))[0] is Status.PASS
    assert seen(server)["authorization"].startswith("Bearer sk-")
    assert KEY not in seen(server)["authorization"]
    make(HttpCheck, url="/stats", auth="none").observe(context(target=target))
    assert "authorization" not in seen(server)


def test_a_key_that_is_asked_for_and_not_set_is_an_error(make: Make, context: MakeContext, server: Answering) -> None:
    observation = make(HttpCheck, url="/echo", auth="bearer").observe(context(target=Target(url=server.base)))
    assert observation.status is Status.ERROR
    assert "target.api_key" in observation.reason


def test_a_second_clients_key_is_sent_and_is_another(
    make: Make, context: MakeContext, target: Target, server: Answering
) -> None:
    check = make(HttpCheck, url="/echo", auth="other")
    check.observe(context(target=target.model_copy(update={"other_api_key": "sk-another-client"})))
    assert seen(server)["authorization"] == "Bearer sk-another-client"
    unset = check.observe(context(target=target))
    assert (unset.status, "a second client's key, which is not set" in unset.reason) == (Status.ERROR, True)
    same = check.observe(context(target=target.model_copy(update={"other_api_key": KEY})))
    assert (same.status, "two clients have two keys" in same.reason) == (Status.ERROR, True)


def test_a_redirect_is_observed_and_not_followed(make: Make, context: MakeContext, target: Target) -> None:
    check = make(HttpCheck, url="/away", expect={"status": 307, "headers.location": "/away"})
    assert judge(check, check.observe(context(target=target)))[0] is Status.PASS


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_a_refused_connection_is_a_failure_of_the_target(make: Make, context: MakeContext) -> None:
    target = Target(url=f"http://127.0.0.1:{free_port()}")
    observation = make(HttpCheck, url="/echo").observe(context(target=target))
    assert observation.status is Status.FAIL
    assert "no connection" in observation.reason
    assert "refused" in observation.reason.lower() or "failed" in observation.reason.lower()


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort"]
)
def test_an_answer_that_is_not_http_or_cut_short_is_a_failure(make: Make, context: MakeContext, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=say, args=(listener, answer))
        thread.start()
        target = Target(url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        observation = make(HttpCheck, url="/echo", expect={"status": 200}).observe(context(target=target))
        thread.join()
    assert observation.status is Status.FAIL
    assert "not valid HTTP" in observation.reason or "broke" in observation.reason


def say(listener: socket.socket, answer: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(answer)


def test_an_encoding_that_is_not_what_it_says_is_a_failure(make: Make, context: MakeContext) -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nplain"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=say, args=(listener, answer))
        thread.start()
        target = Target(url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        observation = make(HttpCheck, url="/echo", expect={"status": 200}).observe(context(target=target))
        thread.join()
    assert observation.status is Status.FAIL
    assert "cannot be decoded" in observation.reason


@pytest.mark.parametrize("url", ["http://", "http://:80", "http://host:port", "http://[::1", "ftp://host"])
def test_a_target_whose_url_is_none_is_an_error(make: Make, context: MakeContext, url: str) -> None:
    observation = make(HttpCheck, url="/echo").observe(context(target=Target(url=url)))
    assert observation.status is Status.ERROR
    assert observation.reason


def test_a_loop_that_is_running_already_does_no_harm(make: Make, context: MakeContext, target: Target) -> None:
    async def ask() -> object:
        return make(HttpCheck, url="/text").observe(context(target=target)).properties["status"]

    assert asyncio.run(ask()) == 200


def test_tls_that_is_none_is_a_failure(make: Make, context: MakeContext, server: Answering) -> None:
    target = Target(url=server.base.replace("http:", "https:"))
    observation = make(HttpCheck, url="/echo").observe(context(target=target))
    assert observation.status is Status.FAIL
    assert "no connection" in observation.reason


def test_silence_is_a_failure_that_names_the_time(make: Make, context: MakeContext, target: Target) -> None:
    observation = make(HttpCheck, url="/slow").observe(context(target=target, timeout_s=0.3))
    assert observation.status is Status.FAIL
    assert re.search(r"no answer within 0\.[12]\d* s$", observation.reason)


def test_an_interrupted_run_is_an_error_and_ends_at_once_and_quietly(
    make: Make, context: MakeContext, target: Target, caplog: pytest.LogCaptureFixture
) -> None:
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    observation = make(HttpCheck, url="/slow").observe(context(target=target, stop=stop))
    assert observation.status is Status.ERROR
    assert "stopped" in observation.reason
    gc.collect()
    assert caplog.records == []


def test_an_answer_without_end_is_a_failure(
    make: Make, context: MakeContext, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("checks.http_exchange.MAX_RESPONSE_BYTES", 4 << 20)
    observation = make(HttpCheck, url="/endless").observe(context(target=target))
    assert observation.status is Status.FAIL
    assert "longer than 4 MiB" in observation.reason


def test_a_path_without_a_target_is_an_error(make: Make, context: MakeContext) -> None:
    observation = make(HttpCheck, url="/echo").observe(context())
    assert observation.status is Status.ERROR
    assert "target.url" in observation.reason


def test_json_where_there_is_none_is_a_failure(make: Make, context: MakeContext, target: Target) -> None:
    check = make(HttpCheck, url="/text", expect={"json.data": {"exists": True}})
    status, reason = judge(check, check.observe(context(target=target)))
    assert status is Status.FAIL
    assert "not JSON" in reason


def test_text_of_a_body_and_its_digest(make: Make, context: MakeContext, target: Target) -> None:
    check = make(HttpCheck, url="/text", expect={"body": {"contains": "well"}, "bytes": "11B"})
    assert judge(check, check.observe(context(target=target)))[0] is Status.PASS


def test_a_body_too_long_to_compare_is_never_a_pass(
    make: Make, context: MakeContext, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("checks.http_response.MAX_BODY_TEXT", 5)
    check = make(HttpCheck, url="/text", expect={"body": {"contains": "all"}})
    status, reason = judge(check, check.observe(context(target=target)))
    assert status in {Status.NO_DATA, Status.ERROR}
    assert "11 bytes" in reason


def test_form_fields_files_and_made_pictures(make: Make, context: MakeContext, target: Target) -> None:
    (context().root / "given.bin").write_bytes(b"\x00given")
    fields = {"prompt": "a kite", "mask": {"file": "given.bin"}, "image": {"png": {"width": 5, "height": 4}}}
    check = make(HttpCheck, url="/form", multipart=fields, expect={"status": 200, "json": {"exists": True}})
    answer = check.observe(context(target=target)).properties["json"]
    assert answer["prompt"] == "a kite"
    assert base64.b64decode(answer["mask"]) == b"\x00given"
    assert base64.b64decode(answer["image"]).startswith(b"\x89PNG")


def test_made_pictures_are_equal_for_equal_values_and_differ_by_seed(
    make: Make, context: MakeContext, target: Target
) -> None:
    def sent(**picture: int) -> str:
        field = {"image": {"png": {"width": 9, "height": 9, **picture}}}
        check = make(HttpCheck, url="/form", multipart=field, expect={"json": {"exists": True}})
        image: str = check.observe(context(target=target)).properties["json"]["image"]
        return image

    assert sent() == sent(seed=0)
    assert sent(seed=1) != sent(seed=2)


def test_a_file_that_is_not_there_is_an_error(make: Make, context: MakeContext, target: Target) -> None:
    check = make(HttpCheck, url="/form", multipart={"image": {"file": "absent.png"}})
    observation = check.observe(context(target=target))
    assert observation.status is Status.ERROR
    assert "absent.png" in observation.reason


def pictures(make: Make, context: Context, *entries: Any) -> Observation:
    return make(HttpCheck, url="/pictures", json={"entries": list(entries)}).observe(context)


def test_pictures_are_decoded_and_told_apart(make: Make, context: MakeContext, target: Target) -> None:
    red, blue = png(colour="red"), png(colour="blue")
    url = {"url": f"data:image/png;base64,{base64.b64encode(red).decode()}"}
    image = pictures(make, context(target=target), entry(red), entry(blue), url).properties["image"]
    assert (image["count"], image["distinct"], image["valid"]) == (3, 2, True)
    assert (image["format"], image["width"], image["height"]) == ("PNG", 8, 6)
    assert image["bytes"].value == min(len(red), len(blue))


def test_pictures_of_different_sizes_have_no_common_size(make: Make, context: MakeContext, target: Target) -> None:
    image = pictures(make, context(target=target), entry(png(8)), entry(png(9))).properties["image"]
    assert "width" not in image
    assert image["height"] == 6


def test_a_picture_as_the_body(make: Make, context: MakeContext, target: Target) -> None:
    check = make(HttpCheck, url="/picture", expect={"image.valid": True, "image.format": "PNG", "image.width": 8})
    assert judge(check, check.observe(context(target=target)))[0] is Status.PASS


@pytest.mark.parametrize(
    "bad",
    [
        {"b64_json": "%%%"},
        {"b64_json": base64.b64encode(b"no picture").decode()},
        {"b64_json": base64.b64encode(png()[:-20]).decode()},
        {"url": "data:image/png;base64,"},
        {"text": "no picture at all"},
        7,
    ],
)
def test_one_picture_that_does_not_decode_makes_all_invalid(
    make: Make, context: MakeContext, target: Target, bad: Any
) -> None:
    check = make(HttpCheck, url="/pictures", json={"entries": [entry(png()), bad]}, expect={"image.valid": True})
    observation = check.observe(context(target=target))
    assert judge(check, observation)[0] is Status.FAIL
    assert observation.properties["image"]["count"] == 2
    assert observation.properties["image"]["reason"]


def test_a_picture_of_too_many_pixels_is_not_decoded(
    make: Make, context: MakeContext, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("checks.answer_image.MAX_PIXELS", 47)
    image = pictures(make, context(target=target), entry(png(8, 6))).properties["image"]
    assert image["valid"] is False
    assert "47 pixels" in image["reason"]


def test_an_answer_without_a_picture_has_none(make: Make, context: MakeContext, target: Target) -> None:
    check = make(HttpCheck, url="/pictures", json={"entries": []}, expect={"image.valid": True})
    observation = check.observe(context(target=target))
    assert judge(check, observation)[0] is Status.FAIL
    assert observation.properties["image"]["count"] == 0


def test_evidence_tells_the_answer_without_the_bytes_of_pictures(
    make: Make, context: MakeContext, target: Target
) -> None:
    big = base64.b64encode(bytes(6000)).decode()
    check = make(HttpCheck, url="/pictures", json={"entries": [{"b64_json": big}]})
    (evidence,) = check.observe(context(target=target)).evidence
    told = json.loads(evidence.content)
    assert (evidence.name, told["status"]) == ("response.json", 200)
    assert "8000 characters, SHA-256" in told["body"]["data"][0]["b64_json"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": "healthz"}, "is no URL"),
        ({"url": "ftp://host/x"}, "is no URL"),
        ({"url": "/x", "json": {}, "multipart": {}}, "one body"),
        ({"url": "/x", "multipart": {"image": {"file": "a", "png": {"width": 1, "height": 1}}}}, "multipart field"),
        ({"url": "/x", "methd": "GET"}, "Extra inputs"),
    ],
)
def test_what_makes_no_request_is_refused_when_loaded(make: Make, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        make(HttpCheck, **fields)


@pytest.mark.parametrize("headers", [{"x-bad": "a\nb"}, {"x bad": "a"}, {"x-bad": "\u2028"}])
def test_headers_that_http_does_not_carry_are_an_error(
    make: Make, context: MakeContext, target: Target, headers: dict[str, str]
) -> None:
    observation = make(HttpCheck, url="/echo", headers=headers).observe(context(target=target))
    assert observation.status is Status.ERROR
    assert "cannot be sent" in observation.reason
