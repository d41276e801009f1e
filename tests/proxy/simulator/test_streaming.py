"""The streaming twin: the same answer, a part at a time."""

import json
from typing import Any

import httpx

from tests.proxy.simulator.service import MODEL, Service, decoded, part_data, prompt_body


def _streamed(service: Service, body: object, *, by_events: bool) -> httpx.Response:
    query = {"alt": "sse"} if by_events else {}
    return service.http.post(f"/v1beta/models/{MODEL}:streamGenerateContent", params=query, json=body)


def _events(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.headers["content-type"].startswith("text/event-stream")
    return [json.loads(event.removeprefix("data: ")) for event in answer.text.split("\r\n\r\n") if event]


def test_each_part_comes_in_a_response_of_its_own_and_the_last_tells_the_end(service: Service) -> None:
    body = prompt_body("stream", thinkingConfig={"includeThoughts": True})
    words, draft, last = _events(_streamed(service, body, by_events=True))
    parts = [piece["candidates"][0]["content"]["parts"] for piece in (words, draft, last)]
    assert [len(each) for each in parts] == [1, 1, 1]
    assert "usageMetadata" not in words
    assert last["candidates"][0]["finishReason"] == "STOP"
    assert last["usageMetadata"]["thoughtsTokenCount"] == 223
    assert decoded(part_data(parts[2][0])).size == (1024, 1024)


def test_without_events_it_is_an_array(service: Service) -> None:
    (piece,) = _streamed(service, prompt_body("array"), by_events=False).json()
    assert piece["candidates"][0]["finishReason"] == "STOP"


def test_a_refusal_streams_too(service: Service) -> None:
    (event,) = _events(_streamed(service, prompt_body("[play:block=SAFETY]"), by_events=True))
    assert event["promptFeedback"]["blockReason"] == "SAFETY"
    (event,) = _events(_streamed(service, prompt_body("[play:finish=IMAGE_SAFETY]"), by_events=True))
    assert event["candidates"][0]["finishReason"] == "IMAGE_SAFETY"


def test_a_failure_is_plain_beside_events_and_in_an_array_without(service: Service) -> None:
    plain = _streamed(service, prompt_body("[play:503]"), by_events=True)
    array = _streamed(service, prompt_body("[play:503]"), by_events=False)
    assert (plain.status_code, array.status_code) == (503, 503)
    assert array.json() == [plain.json()]


def test_a_mishap_is_the_same_in_a_stream(service: Service) -> None:
    html = _streamed(service, prompt_body("[play:html-502]"), by_events=False)
    assert (html.status_code, html.headers["content-type"].partition(";")[0]) == (502, "text/html")
    cut = _streamed(service, prompt_body("[play:truncated-json]"), by_events=False)
    assert not cut.text.endswith("}")
