"""The mishaps that a prompt can ask for."""

import json
import time

import httpx
import pytest

from tests.proxy.simulator.service import MODEL, Service, decoded, part_data, prompt_body, running


def test_words_instead_of_a_picture(service: Service) -> None:
    candidate = service.candidate(prompt_body("[play:text-only]"))
    assert candidate["finishReason"] == "STOP"
    assert [list(part) for part in candidate["content"]["parts"]] == [["text"]]


def test_no_parts_at_all(service: Service) -> None:
    candidate = service.candidate(prompt_body("[play:no-parts]"))
    assert (candidate["finishReason"], candidate["content"]) == ("STOP", {"role": "model"})


def test_two_unmarked_pictures_of_rising_size(service: Service) -> None:
    parts = service.candidate(prompt_body("[play:two-images]", imageConfig={"imageSize": "2K"}))["content"]["parts"]
    assert [decoded(part_data(part)).size for part in parts] == [(1024, 1024), (2048, 2048)]
    assert not any("thought" in part for part in parts)


def test_a_jpeg_of_the_same_size(service: Service) -> None:
    (part,) = service.candidate(prompt_body("[play:jpeg]"))["content"]["parts"]
    assert part["inlineData"]["mimeType"] == "image/jpeg"
    image = decoded(part_data(part))
    assert (image.format, image.size) == ("JPEG", (1024, 1024))


def test_something_else_that_says_it_is_a_picture(service: Service) -> None:
    (part,) = service.candidate(prompt_body("[play:not-an-image]"))["content"]["parts"]
    assert part["inlineData"]["mimeType"] == "image/png"
    with pytest.raises(OSError, match="cannot identify"):
        decoded(part_data(part))


def test_data_that_is_not_base64(service: Service) -> None:
    (part,) = service.candidate(prompt_body("[play:bad-base64]"))["content"]["parts"]
    with pytest.raises(ValueError, match="base64"):
        part_data(part)


def test_json_that_stops_midway(service: Service) -> None:
    answer = service.generate(prompt_body("[play:truncated-json]"))
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_a_front_end_that_answers_in_html(service: Service) -> None:
    answer = service.generate(prompt_body("[play:html-502]"))
    assert answer.status_code == 502
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("name", "code", "status"),
    [
        ("400-region", 400, "FAILED_PRECONDITION"),
        ("403", 403, "PERMISSION_DENIED"),
        ("404", 404, "NOT_FOUND"),
        ("409", 409, "ABORTED"),
        ("429", 429, "RESOURCE_EXHAUSTED"),
        ("429-daily", 429, "RESOURCE_EXHAUSTED"),
        ("429-no-access", 429, "RESOURCE_EXHAUSTED"),
        ("429-bare", 429, "RESOURCE_EXHAUSTED"),
        ("429-capacity", 429, "RESOURCE_EXHAUSTED"),
        ("500", 500, "INTERNAL"),
        ("503", 503, "UNAVAILABLE"),
        ("504", 504, "DEADLINE_EXCEEDED"),
    ],
)
def test_failures_by_name(service: Service, name: str, code: int, status: str) -> None:
    answer = service.generate(prompt_body(f"[play:{name}]"))
    assert answer.status_code == code
    assert (answer.json()["error"]["code"], answer.json()["error"]["status"]) == (code, status)


def test_a_minute_quota_says_when_to_come_back(service: Service) -> None:
    details = service.generate(prompt_body("[play:429]")).json()["error"]["details"]
    assert details[0]["violations"][0]["quotaId"] == "GenerateRequestsPerMinutePerProjectPerModel"
    assert details[1] == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.173612231s"}


def test_a_day_quota_is_told_by_its_id(service: Service) -> None:
    details = service.generate(prompt_body("[play:429-daily]")).json()["error"]["details"]
    assert "PerDay" in details[0]["violations"][0]["quotaId"]


def test_an_error_wrapped_in_an_array(service: Service) -> None:
    (wrapped,) = service.generate(prompt_body("[play:503-array]")).json()
    assert wrapped["error"]["status"] == "UNAVAILABLE"


@pytest.mark.parametrize("reason", ["SAFETY", "IMAGE_SAFETY", "NO_IMAGE", "RECITATION", "MAX_TOKENS", "SOMETHING_NEW"])
def test_any_finish_reason_without_a_picture(service: Service, reason: str) -> None:
    candidate = service.candidate(prompt_body(f"[play:finish={reason}]"))
    assert candidate["finishReason"] == reason
    assert "parts" not in candidate["content"]


@pytest.mark.parametrize("reason", ["SAFETY", "OTHER", "SOMETHING_NEW"])
def test_any_finish_reason_beside_a_picture(service: Service, reason: str) -> None:
    candidate = service.candidate(prompt_body(f"[play:finish-drawn={reason}]"))
    assert candidate["finishReason"] == reason
    assert len(candidate["content"]["parts"]) == 1


def test_any_reason_of_a_blocked_prompt(service: Service) -> None:
    answer = service.generate(prompt_body("[play:block=PROHIBITED_CONTENT]")).json()
    assert answer["promptFeedback"]["blockReason"] == "PROHIBITED_CONTENT"
    assert "candidates" not in answer


def test_a_failure_without_a_body(service: Service) -> None:
    answer = service.generate(prompt_body("[play:503-empty]"))
    assert (answer.status_code, answer.content) == (503, b"")


def test_a_body_that_comes_slowly(service: Service) -> None:
    url = f"/v1beta/models/{MODEL}:generateContent"
    with service.http.stream("POST", url, json=prompt_body("[play:slow-body]")) as answer:
        pieces = answer.iter_bytes()
        first = next(pieces)
    assert answer.status_code == 200
    assert first.startswith(b'{"candidates"')
    assert not first.endswith(b"}")


def test_the_finish_reason_of_success_comes_with_a_picture(service: Service) -> None:
    assert len(service.candidate(prompt_body("[play:finish=STOP]"))["content"]["parts"]) == 1


@pytest.mark.parametrize("marker", ["[play:no-such]", "[play:finish]", "[play:block]"])
def test_a_misspelt_marker_is_refused(service: Service, marker: str) -> None:
    answer = service.generate(prompt_body(marker))
    assert answer.status_code == 400
    assert "cannot play" in answer.json()["error"]["message"]


def test_a_connection_that_is_reset() -> None:
    with running() as service:
        with pytest.raises(httpx.ReadError):
            service.generate(prompt_body("[play:reset]"))
        assert service.http.get("/_simulator/stats").json()["by_status"] == {"0": 1}


def test_a_connection_that_hangs_until_the_client_gives_up() -> None:
    with running() as service:
        started = time.monotonic()
        with pytest.raises(httpx.ReadTimeout):
            service.http.post(
                "/v1beta/models/gemini-3-pro-image:generateContent", json=prompt_body("[play:hang]"), timeout=0.3
            )
        assert time.monotonic() - started >= 0.3
        (call,) = service.http.get("/_simulator/requests").json()["requests"]
        assert (call["status"], call["finish_reason"]) == (0, None)
