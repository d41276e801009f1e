"""Google's own Python client, unchanged, against the simulated service."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from google import genai
from google.genai import errors, types
from PIL import Image

from proxy.simulator.models import MODELS
from tests.proxy.conftest import png
from tests.proxy.simulator.service import Service, running

PRO, FIRST = "gemini-3-pro-image", "gemini-2.5-flash-image"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running() as started:
        yield started


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[genai.Client]:
    with _client(service) as made:
        yield made


def _client(service: Service, key: str = "project:key") -> genai.Client:
    options = types.HttpOptions(base_url=service.url, client_args={"trust_env": False})
    return genai.Client(api_key=key, vertexai=False, http_options=options)


def _image(answer: types.GenerateContentResponse) -> Image.Image:
    part = (answer.parts or [])[-1]
    assert part.inline_data is not None
    image = Image.open(io.BytesIO(part.inline_data.data or b""))
    image.load()
    return image


def test_a_prompt_draws(client: genai.Client) -> None:
    answer = client.models.generate_content(
        model=PRO,
        contents="a kite",
        config=types.GenerateContentConfig(
            response_modalities=["IMAGE"],
            image_config=types.ImageConfig(aspect_ratio="16:9", image_size="2K"),
            candidate_count=1,
            seed=7,
            temperature=0.5,
            top_p=0.9,
            top_k=40,
            system_instruction="draw kindly",
            safety_settings=[
                types.SafetySetting(
                    category=types.HarmCategory.HARM_CATEGORY_HARASSMENT,
                    threshold=types.HarmBlockThreshold.BLOCK_ONLY_HIGH,
                )
            ],
        ),
    )

    (candidate,) = answer.candidates or []
    assert candidate.finish_reason is types.FinishReason.STOP
    assert _image(answer).size == (2752, 1536)
    assert answer.model_version == PRO
    assert answer.usage_metadata is not None
    assert answer.usage_metadata.thoughts_token_count == 223
    assert [each.blocked for each in candidate.safety_ratings or []] == [False] * 4


def test_pictures_are_edited(client: genai.Client, service: Service) -> None:
    parts = [
        types.Part.from_text(text="edit these"),
        types.Part.from_bytes(data=png(320, 180), mime_type="image/png"),
        types.Part.from_bytes(data=png(9, 9), mime_type="image/png"),
    ]
    answer = client.models.generate_content(model=FIRST, contents=[types.Content(role="user", parts=parts)])

    assert _image(answer).size == (1344, 768)
    (call,) = service.http.get("/_simulator/requests", params={"prompt_contains": "edit these"}).json()["requests"]
    assert call["image_parts"] == 2


def test_thoughts_are_marked(client: genai.Client) -> None:
    config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))
    answer = client.models.generate_content(model=PRO, contents="think", config=config)

    assert [part.thought for part in answer.parts or []] == [True, True, None]
    assert (answer.parts or [])[-1].thought_signature


def test_a_stream_brings_the_parts_one_by_one(client: genai.Client) -> None:
    config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))
    pieces = list(client.models.generate_content_stream(model=PRO, contents="stream", config=config))

    assert [len(piece.parts or []) for piece in pieces] == [1, 1, 1]
    assert [piece.usage_metadata is not None for piece in pieces] == [False, False, True]
    assert _image(pieces[-1]).size == (1024, 1024)


def test_models_come_by_pages(client: genai.Client) -> None:
    pager = client.models.list(config={"page_size": 3})

    assert len(pager.page) == 3
    models = list(pager)
    assert [model.name for model in models] == [f"models/{name}" for name in MODELS]
    assert client.models.get(model=PRO).display_name == "Nano Banana Pro"


REASONS = [
    *("MAX_TOKENS", "SAFETY", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT"),
    *("RECITATION", "IMAGE_RECITATION", "NO_IMAGE", "IMAGE_OTHER", "OTHER", "LANGUAGE"),
    *("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"),
]
"""Why a model may end without a picture."""


@pytest.mark.parametrize("reason", REASONS)
def test_refusals_are_answers(reason: str, client: genai.Client) -> None:
    answer = client.models.generate_content(model=FIRST, contents=f"[play:finish={reason}]")

    (candidate,) = answer.candidates or []
    assert candidate.finish_reason is types.FinishReason[reason]
    assert answer.parts in (None, [])


@pytest.mark.parametrize(
    ("name", "sizes"),
    [("text-only", []), ("no-parts", []), ("two-images", [(512, 512), (1024, 1024)]), ("jpeg", [(1024, 1024)])],
)
def test_other_answers_than_one_picture(name: str, sizes: list[tuple[int, int]], client: genai.Client) -> None:
    answer = client.models.generate_content(model=FIRST, contents=f"[play:{name}]")

    drawn = [part.inline_data for part in answer.parts or [] if part.inline_data]
    assert [Image.open(io.BytesIO(each.data or b"")).size for each in drawn] == sizes
    assert {each.mime_type for each in drawn} <= {"image/jpeg" if name == "jpeg" else "image/png"}
    assert bool(answer.text) is (name == "text-only")


def test_a_body_that_comes_slowly_is_waited_for(client: genai.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.simulator.connection._PIECE_EVERY_S", 0.01)

    assert _image(client.models.generate_content(model=FIRST, contents="[play:slow-body]")).size == (1024, 1024)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("bad-base64", "Data should be valid base64"),
        ("truncated-json", "Unterminated string"),
        ("reset", "Connection reset by peer"),
        ("hang", "timed out"),
    ],
)
def test_what_is_no_answer_is_an_error(name: str, words: str, service: Service) -> None:
    options = types.HttpOptions(base_url=service.url, client_args={"trust_env": False}, timeout=500)
    with (
        genai.Client(api_key="project:key", vertexai=False, http_options=options) as hasty,
        pytest.raises(Exception, match=words),
    ):
        hasty.models.generate_content(model=FIRST, contents=f"[play:{name}]")


def test_a_blocked_prompt_has_feedback_and_no_candidates(client: genai.Client) -> None:
    answer = client.models.generate_content(model=PRO, contents="[play:block=PROHIBITED_CONTENT]")

    assert answer.prompt_feedback is not None
    assert answer.prompt_feedback.block_reason is types.BlockedReason.PROHIBITED_CONTENT
    assert not answer.candidates


@pytest.mark.parametrize(
    ("name", "kind", "code", "status"),
    [
        ("400-region", errors.ClientError, 400, "FAILED_PRECONDITION"),
        ("403", errors.ClientError, 403, "PERMISSION_DENIED"),
        ("404", errors.ClientError, 404, "NOT_FOUND"),
        ("409", errors.ClientError, 409, "ABORTED"),
        ("429", errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        ("429-daily", errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        ("429-no-access", errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        ("429-bare", errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        ("500", errors.ServerError, 500, "INTERNAL"),
        ("429-capacity", errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        ("503", errors.ServerError, 503, "UNAVAILABLE"),
        ("503-array", errors.ServerError, 503, "UNAVAILABLE"),
        ("503-empty", errors.ServerError, 503, "Service Unavailable"),
        ("504", errors.ServerError, 504, "DEADLINE_EXCEEDED"),
        ("html-502", errors.ServerError, 502, "Bad Gateway"),
    ],
)
def test_failures_are_the_clients_own_types(
    name: str, kind: type[errors.APIError], code: int, status: str, client: genai.Client
) -> None:
    with pytest.raises(kind) as raised:
        client.models.generate_content(model=PRO, contents=f"[play:{name}]")

    assert (raised.value.code, raised.value.status) == (code, status)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (types.GenerateContentConfig(candidate_count=2), "Multiple candidates is not enabled"),
        (types.GenerateContentConfig(image_config=types.ImageConfig(image_size="2k")), "image_size must be one of"),
        (types.GenerateContentConfig(image_config=types.ImageConfig(aspect_ratio="7:5")), "aspect_ratio must be one"),
        (types.GenerateContentConfig(logprobs=3), 'Unknown name "logprobs"'),
    ],
)
def test_what_the_real_service_refuses_is_refused(
    config: types.GenerateContentConfig, words: str, client: genai.Client
) -> None:
    with pytest.raises(errors.ClientError) as raised:
        client.models.generate_content(model=PRO, contents="x", config=config)

    assert (raised.value.code, raised.value.status) == (400, "INVALID_ARGUMENT")
    assert words in str(raised.value.message)


def test_a_wrong_key_and_an_unknown_model(service: Service) -> None:
    with _client(service, "invalid-key") as stranger:
        with pytest.raises(errors.ClientError, match="API key not valid") as wrong:
            stranger.models.generate_content(model=PRO, contents="x")
        assert wrong.value.code == 400
    with _client(service) as known, pytest.raises(errors.ClientError, match="is not found") as missing:
        known.models.generate_content(model="gemini-9", contents="x")
    assert missing.value.code == 404


def test_a_quota_is_shared_by_the_keys_of_a_project() -> None:
    with running(quota_per_minute=1) as limited:
        with _client(limited, "acme:one") as one:
            one.models.generate_content(model=FIRST, contents="first")
        with _client(limited, "acme:two") as two, pytest.raises(errors.ClientError) as full:
            two.models.generate_content(model=FIRST, contents="second")
    assert full.value.code == 429
