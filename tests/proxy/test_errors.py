"""Every error that a client can meet is provoked, and told the same way to the client and to the log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
import respx

from proxy.errors import ERRORS, ErrorType, ProxyError
from proxy.google_errors import Cause
from tests.proxy.conftest import RunningProxy, drawn, ended, png, refused

pytestmark = pytest.mark.story("007-03")

Provocation = Callable[[RunningProxy, respx.Route], httpx.Response]


def _generate(**body: object) -> Provocation:
    return lambda proxy, _: proxy.generate(body)


def _answering(answer: httpx.Response | Exception) -> Provocation:
    def provoke(proxy: RunningProxy, upstream: respx.Route) -> httpx.Response:
        upstream.mock(side_effect=answer if isinstance(answer, Exception) else lambda _: answer)
        return proxy.generate()

    return provoke


def _raw(path: str, content: bytes, media_type: str = "application/json") -> Provocation:
    return lambda proxy, _: proxy.send("POST", path, content=content, headers={"content-type": media_type})


def _without_key(proxy: RunningProxy, _: respx.Route) -> httpx.Response:
    return proxy.generate(headers={"authorization": "Bearer wrong"})


def _without_account(proxy: RunningProxy, _: respx.Route) -> httpx.Response:
    for account in proxy.service.pool.accounts:
        proxy.service.pool.mark(account, "", Cause.BAD_KEY, reason="API_KEY_INVALID", retry_after=None)
    return proxy.generate()


def _defect(proxy: RunningProxy, upstream: respx.Route) -> httpx.Response:
    assert upstream is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proxy.service.cache, "peek", _broken)
        return proxy.generate()


def _broken(_: str) -> None:
    raise RuntimeError("a defect that quotes 'a secret castle'")


def _impatient(proxy: RunningProxy, upstream: respx.Route) -> httpx.Response:
    upstream.mock(side_effect=httpx.ReadTimeout("slow"))
    return proxy.generate({"prompt": "a secret castle"}, headers={"x-stainless-read-timeout": "0.2"})


def _leaving(proxy: RunningProxy, upstream: respx.Route) -> httpx.Response:
    called = asyncio.Event()

    async def hang(_: httpx.Request) -> httpx.Response:
        called.set()
        await asyncio.Event().wait()
        return drawn()

    upstream.mock(side_effect=hang)
    return proxy.leave({"prompt": "a secret castle"}, after=called.wait)


def _stalling(proxy: RunningProxy, _: respx.Route) -> httpx.Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"prompt": "a secret castle'
        await asyncio.sleep(60)

    return proxy.send("POST", "/v1/images/generations", content=pieces(), headers={"content-type": "application/json"})


PROVOCATIONS: dict[str, Provocation] = {
    "missing_required_parameter": lambda proxy, _: proxy.edit(files=[("mask", png())]),
    "invalid_value": _generate(n=11),
    "unknown_parameter": _generate(seed=7),
    "invalid_json": _raw("/v1/images/generations", b'{"prompt": "a secret castle"'),
    "invalid_image": lambda proxy, _: proxy.edit(files=[("image", png()[:-20])]),
    "prompt_too_long": _generate(prompt="castle" * 6000),
    "moderation_blocked": _answering(ended("IMAGE_SAFETY")),
    "invalid_api_key": _without_key,
    "model_not_found": _generate(model="gemini-9"),
    "unknown_url": lambda proxy, _: proxy.send("POST", "/v1/images/variations"),
    "method_not_allowed": lambda proxy, _: proxy.send("GET", "/v1/images/generations"),
    "request_timeout": _stalling,
    "body_too_large": _raw("/v1/images/generations", b" " * 50_000_001),
    "unsupported_media_type": _raw("/v1/images/generations", b"prompt=x", "text/plain"),
    "accounts_exhausted": _answering(refused(429, "RESOURCE_EXHAUSTED")),
    "upstream_error": _answering(refused(503)),
    "no_image": _answering(ended("STOP")),
    "invalid_upstream_answer": _answering(httpx.Response(200, content=b'{"candidates": [{"cont')),
    "upstream_unreachable": _answering(httpx.ConnectError("refused")),
    "upstream_timeout": _impatient,
    "no_account": _without_account,
    "client_closed_request": _leaving,
    "internal_error": _defect,
}


def test_every_code_of_the_table_is_provoked() -> None:
    assert set(PROVOCATIONS) == set(ERRORS)


@pytest.mark.parametrize("code", list(ERRORS))
def test_error_is_told_in_openais_envelope_and_logged_by_its_type(
    code: str, proxy: RunningProxy, upstream: respx.Route
) -> None:
    response = PROVOCATIONS[code](proxy, upstream)

    kind = ERRORS[code]
    error = response.json()["error"]
    assert (response.status_code, error["type"], error["code"]) == (kind.status, kind.type, code)
    assert set(error) - {"moderation_details"} == {"message", "type", "param", "code"}
    assert response.headers["x-request-id"]
    assert "castle" not in response.text
    assert "castle" not in proxy.service.home.log.read_text()
    events = proxy.events()
    if code == "unknown_url":
        assert events == []
        return
    (event,) = events
    assert (event["status"], event["error_code"], event["error_type"]) == (kind.status, code, kind.error_type)
    assert event["level"] == ("ERROR" if kind.status >= 500 or kind.status == 429 else "INFO")
    assert event["request_id"] == response.headers["x-request-id"]


def test_parameter_at_fault_is_named(proxy: RunningProxy) -> None:
    assert proxy.generate({"n": 0}).json()["error"]["param"] == "n"
    assert proxy.generate({"size": "wide"}).json()["error"]["param"] == "size"
    assert proxy.generate({"prompt": ""}).json()["error"]["param"] == "prompt"
    assert proxy.send("POST", "/v1/images/generations", json={}).json()["error"]["param"] == "prompt"


def test_refused_value_is_never_quoted(proxy: RunningProxy) -> None:
    response = proxy.generate({"quality": "a secret castle", "model": "a secret castle"})

    assert response.status_code == 400
    assert "castle" not in response.text
    assert "castle" not in proxy.service.home.log.read_text()


def test_exhausted_accounts_say_when_to_come_back(proxy: RunningProxy, upstream: respx.Route) -> None:
    retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "41.5s"}
    upstream.mock(side_effect=lambda _: refused(429, "RESOURCE_EXHAUSTED", **retry))

    response = proxy.generate()

    assert response.status_code == 429
    assert response.headers["retry-after"] == "42"


def test_wrong_method_names_the_right_one(proxy: RunningProxy) -> None:
    assert proxy.send("DELETE", "/v1/images/edits").headers["allow"] == "POST"
    wrong = proxy.send("POST", "/healthz")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "method_not_allowed")
    assert set(wrong.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refused(400, "INVALID_ARGUMENT"), "invalid_value"),
        (refused(404, "NOT_FOUND"), "model_not_found"),
        (refused(418, "TEAPOT"), "upstream_error"),
        (httpx.Response(502, html="<html>bad gateway</html>"), "upstream_error"),
        (httpx.Response(302, headers={"location": "http://elsewhere.test"}), "upstream_error"),
        (ended("LANGUAGE"), "invalid_value"),
        (ended("MALFORMED_FUNCTION_CALL"), "no_image"),
        (ended("A_REASON_OF_TOMORROW"), "no_image"),
        (httpx.Response(200, json={}), "no_image"),
        (drawn(b"not a picture"), "invalid_upstream_answer"),
        (drawn(png()[:-20]), "invalid_upstream_answer"),
    ],
)
def test_upstream_answer_becomes_one_code(
    answer: httpx.Response, code: str, proxy: RunningProxy, upstream: respx.Route
) -> None:
    upstream.mock(side_effect=lambda _: answer)

    assert proxy.generate().json()["error"]["code"] == code


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (httpx.RemoteProtocolError("closed"), "upstream_unreachable"),
        (httpx.DecodingError("not gzip"), "invalid_upstream_answer"),
    ],
)
def test_transport_failure_becomes_one_code(
    raised: Exception, code: str, proxy: RunningProxy, upstream: respx.Route
) -> None:
    upstream.mock(side_effect=raised)

    response = proxy.generate()

    assert response.json()["error"]["code"] == code
    assert proxy.service.settings.upstream not in response.text


def test_image_that_is_not_base64_is_an_invalid_answer(proxy: RunningProxy, upstream: respx.Route) -> None:
    part = {"inlineData": {"mimeType": "image/png", "data": "@@@"}}
    upstream.mock(return_value=httpx.Response(200, json={"candidates": [{"content": {"parts": [part]}}]}))

    assert proxy.generate().json()["error"]["code"] == "invalid_upstream_answer"


def test_defect_outside_the_image_endpoints_is_answered_too(
    proxy: RunningProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> dict[str, object]:
        raise RuntimeError("a secret castle")

    monkeypatch.setattr(proxy.service, "stats", broken)

    response = proxy.send("GET", "/internal/stats")

    assert (response.status_code, response.json()["error"]["code"]) == (500, "internal_error")
    (event,) = proxy.events("internal_error")
    assert event["exception"] == "RuntimeError"
    assert "castle" not in json.dumps(event)


def test_error_kinds_are_told_apart_by_whose_failure_they_are() -> None:
    ours = {code for code, kind in ERRORS.items() if kind.is_our_failure}
    assert {"upstream_error", "accounts_exhausted", "upstream_timeout", "internal_error", "no_account"} <= ours
    assert not ours & {"moderation_blocked", "invalid_api_key", "body_too_large"}
    assert {kind.error_type for kind in ERRORS.values()} == set(ErrorType)


def test_envelope_has_the_tables_message_unless_told_another() -> None:
    assert ProxyError("no_image").envelope()["error"]["message"] == ERRORS["no_image"].message
    assert ProxyError("no_image", "other").envelope()["error"]["message"] == "other"
