"""What is accepted and what is refused, in Google's own words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.simulator.errors import RefusedRequestError
from proxy.simulator.wire import parse_request
from tests.proxy.simulator.service import MODEL, Service, picture_part, png, prompt_body


def test_an_answer_has_the_members_of_the_real_service(service: Service) -> None:
    answer = service.generate(prompt_body("12345678")).json()
    (candidate,) = answer["candidates"]
    assert candidate["finishReason"] == "STOP"
    assert candidate["content"]["role"] == "model"
    (part,) = candidate["content"]["parts"]
    assert part["inlineData"]["mimeType"] == "image/png"
    assert part["thoughtSignature"]
    assert [rating["probability"] for rating in candidate["safetyRatings"]] == ["NEGLIGIBLE"] * 4
    assert answer["modelVersion"] == MODEL
    assert answer["usageMetadata"] == {
        "promptTokenCount": 2,
        "candidatesTokenCount": 1120,
        "thoughtsTokenCount": 223,
        "totalTokenCount": 1345,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 2}],
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}],
    }


def test_every_answer_has_an_id_of_its_own(service: Service) -> None:
    body = prompt_body("an id")
    assert service.generate(body).json()["responseId"] != service.generate(body).json()["responseId"]


def test_thoughts_come_first_and_are_marked(service: Service) -> None:
    body = prompt_body("think", thinkingConfig={"includeThoughts": True}, imageConfig={"imageSize": "2K"})
    words, draft, result = service.candidate(body)["content"]["parts"]
    assert (words["thought"], draft["thought"]) == (True, True)
    assert "text" in words
    assert "thought" not in result
    assert draft["inlineData"]["data"] != result["inlineData"]["data"]


def test_a_model_that_does_not_think_shows_no_thoughts(service: Service) -> None:
    body = prompt_body("think", thinkingConfig={"includeThoughts": True})
    (part,) = service.candidate(body, "gemini-2.5-flash-image")["content"]["parts"]
    assert "thoughtSignature" not in part


def test_without_the_image_modality_there_are_words_only(service: Service) -> None:
    (part,) = service.candidate(prompt_body("talk", responseModalities=["TEXT"]))["content"]["parts"]
    assert list(part) == ["text"]


def test_a_request_in_snake_case_with_nulls_is_read(service: Service) -> None:
    body = {
        "contents": [{"role": "user", "parts": [{"text": "snake"}, {"inline_data": None}]}],
        "system_instruction": {"parts": [{"text": "be kind"}]},
        "generation_config": {"response_modalities": ["IMAGE"], "candidate_count": 1, "top_p": 0.9},
        "safety_settings": None,
    }
    assert service.candidate(body)["finishReason"] == "STOP"


@pytest.mark.parametrize(
    ("body", "words", "field"),
    [
        (prompt_body("x", candidateCount=2), "Multiple candidates is not enabled for this model", None),
        (
            prompt_body("x", imageConfig={"imageSize": "2k"}),
            "image_size must be one of 1K, 2K, 4K",
            "generation_config.image_config.image_size",
        ),
        (
            prompt_body("x", imageConfig={"aspectRatio": "1:8"}),
            "aspect_ratio must be one of",
            "generation_config.image_config.aspect_ratio",
        ),
        (
            prompt_body("x", imageConfig={"personGeneration": "ALLOW_ALL"}),
            "Unknown name \"personGeneration\" at 'generation_config.image_config': Cannot find field.",
            "generation_config.image_config",
        ),
        (
            {**prompt_body("x"), "prompt": "x"},
            'Invalid JSON payload received. Unknown name "prompt": Cannot find field.',
            "",
        ),
        (
            prompt_body("x", safety={"HARM_CATEGORY_VIOLENCE": "OFF"}),
            "Invalid value at 'safety_settings[0].category'",
            "safety_settings[0].category",
        ),
        (
            prompt_body("x", safety={"HARM_CATEGORY_HARASSMENT": "MEDIUM"}),
            "Invalid value at 'safety_settings[0].threshold'",
            "safety_settings[0].threshold",
        ),
        (
            {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "%%%"}}]}]},
            "Base64 decoding failed",
            "contents[0].parts[0].inline_data.data",
        ),
        (
            {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": 5}}]}]},
            "Invalid value at 'contents[0].parts[0].inline_data.data'",
            "contents[0].parts[0].inline_data.data",
        ),
        ({"contents": [{"parts": [picture_part(b"no picture")]}]}, "Unable to process input image", None),
        ({"contents": []}, "contents is not specified", "contents"),
        ({}, "contents is not specified", "contents"),
        ([], "Invalid value at ''", None),
        ({"contents": [{"parts": [picture_part(png((8, 8)))] * 15}]}, "At most 14 input images", "contents"),
    ],
)
def test_a_wrong_request_is_an_invalid_argument(service: Service, body: object, words: str, field: str | None) -> None:
    answer = service.generate(body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert words in error["message"]
    if field:
        assert error["details"][0]["fieldViolations"][0]["field"] == field


def test_two_settings_for_one_category_are_refused(service: Service) -> None:
    body = prompt_body("x")
    body["safetySettings"] = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}] * 2
    assert "Only one safety setting" in service.generate(body).json()["error"]["message"]


def test_a_body_that_is_not_json_is_refused(service: Service) -> None:
    answer = service.http.post(f"/v1beta/models/{MODEL}:generateContent", content=b'{"contents": [')
    assert answer.status_code == 400
    assert "Invalid JSON payload" in answer.json()["error"]["message"]


def test_a_body_beyond_twenty_megabytes_is_refused(service: Service) -> None:
    answer = service.http.post(f"/v1beta/models/{MODEL}:generateContent", content=b" " * 20_971_521)
    assert answer.status_code == 400
    assert "payload size exceeds the limit" in answer.json()["error"]["message"]


def test_url_safe_base64_without_padding_is_read(service: Service) -> None:
    part = picture_part(png((32, 32)))
    part["inlineData"]["data"] = part["inlineData"]["data"].replace("+", "-").replace("/", "_").rstrip("=")
    body = {"contents": [{"parts": [{"text": "url-safe"}, part]}]}
    assert service.candidate(body)["finishReason"] == "STOP"


def test_a_key_is_needed_and_a_wrong_one_is_told_by_its_reason(service: Service) -> None:
    none = service.generate(prompt_body("x"), **{"x-goog-api-key": ""})
    assert (none.status_code, none.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    wrong = service.generate(prompt_body("x"), **{"x-goog-api-key": "invalid-1"})
    assert wrong.status_code == 400
    info = wrong.json()["error"]["details"][0]
    assert (info["reason"], info["domain"]) == ("API_KEY_INVALID", "googleapis.com")
    in_query = service.http.get("/v1beta/models?key=any", headers={"x-goog-api-key": ""})
    assert in_query.status_code == 200


def test_an_unknown_model_is_not_found(service: Service) -> None:
    answer = service.generate(prompt_body("x"), "gemini-9")
    assert (answer.status_code, answer.json()["error"]["status"]) == (404, "NOT_FOUND")
    assert "models/gemini-9" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v2/models", 404), ("POST", "/", 404), ("DELETE", "/v1beta/models", 405)],
)
def test_unknown_doors_answer_in_the_envelope(service: Service, method: str, path: str, status: int) -> None:
    answer = service.http.request(method, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, status)


def test_models_come_in_pages(service: Service) -> None:
    names: list[str] = []
    token = ""
    while True:
        page = service.http.get("/v1beta/models", params={"pageSize": 3, "pageToken": token}).json()
        assert len(page["models"]) <= 3
        names += [model["name"] for model in page["models"]]
        token = page.get("nextPageToken")
        if not token:
            break
    assert "models/gemini-3-pro-image" in names
    whole = service.http.get("/v1beta/models").json()
    assert [model["name"] for model in whole["models"]] == names
    assert "nextPageToken" not in whole


def test_one_model_by_its_id(service: Service) -> None:
    entry = service.http.get(f"/v1beta/models/{MODEL}").json()
    assert entry["name"] == f"models/{MODEL}"
    assert entry["outputTokenLimit"] == 32768
    assert entry["thinking"] is True
    assert "thinking" not in service.http.get("/v1beta/models/gemini-2.5-flash-image").json()
    assert service.http.get("/v1beta/models/none").status_code == 404


@pytest.mark.parametrize(
    "query", ["pageSize=0", "pageSize=x", "pageToken=%21", "pageToken=A", f"pageSize={'9' * 5000}", "pageToken=eA=="]
)
def test_a_wrong_page_is_refused(service: Service, query: str) -> None:
    assert service.http.get(f"/v1beta/models?{query}").status_code == 400


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text(max_size=20), st.lists, max_leaves=20).map(
        lambda tree: json.dumps(tree).encode()
    )
)
def test_no_body_breaks_the_parser(body: bytes) -> None:
    with pytest.raises(RefusedRequestError) as refusal:
        parse_request(body)
    assert refusal.value.failure.status == 400
