"""OpenAI's own Python client, unchanged: over real HTTP, against a proxy on the simulated service."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import openai
import pytest
from openai import OpenAI
from openai.types import ImageModel, ImagesResponse
from PIL import Image

from proxy.models import DEFAULT_MODEL, MODELS
from tests.proxy.conftest import png
from tests.proxy.running import Stack, running_stack

SMALL = "gemini-2.5-flash-image"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("openai") / "home") as started:
        yield started


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{stack.url}/v1", api_key=stack.key, max_retries=0) as made:
        yield made


def _image(encoded: str | None) -> Image.Image:
    image = Image.open(io.BytesIO(base64.b64decode(encoded or "", validate=True)))
    image.load()
    return image


def _images(response: ImagesResponse) -> list[Image.Image]:
    return [_image(each.b64_json) for each in response.data or []]


def _data_url(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def test_generate_with_nothing_but_a_prompt(client: OpenAI) -> None:
    response = client.images.generate(prompt="a kite")

    (image,) = _images(response)
    assert (image.format, image.size) == ("PNG", (1024, 1024))
    assert (response.size, response.output_format, response.background) == ("1024x1024", "png", "opaque")
    assert response.usage is not None
    assert response.usage.output_tokens_details is not None
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens
    assert response.usage.output_tokens_details.image_tokens == 1120
    assert response.usage.output_tokens_details.to_dict()["reasoning_tokens"] == 223


@pytest.mark.parametrize("model", get_args(ImageModel))
def test_every_name_that_the_client_knows_is_the_default_model(model: str, client: OpenAI) -> None:
    assert client.models.retrieve(model).id == DEFAULT_MODEL


def test_a_name_of_openais_draws_with_the_default_model(client: OpenAI, stack: Stack) -> None:
    client.images.generate(prompt="by another name", model="gpt-image-2")

    assert [call["model"] for call in stack.sent("by another name")] == [DEFAULT_MODEL]


def test_four_images_are_four_different_ones(client: OpenAI) -> None:
    response = client.images.generate(prompt="four kites", model=SMALL, n=4)

    assert len({each.b64_json for each in response.data or []}) == 4


@pytest.mark.parametrize(
    ("size", "quality", "pixels"),
    [
        ("1536x1024", "auto", (1264, 848)),
        ("1024x1536", "low", (848, 1264)),
        ("auto", "high", (2048, 2048)),
        ("1536x864", "medium", (1376, 768)),
        ("3168x1344", "standard", (3168, 1344)),
    ],
)
def test_size_and_quality_become_ratio_and_image_size(
    size: str, quality: Any, pixels: tuple[int, int], client: OpenAI
) -> None:
    response = client.images.generate(prompt=f"a size {size}", size=size, quality=quality)

    assert [image.size for image in _images(response)] == [pixels]
    assert response.size == f"{pixels[0]}x{pixels[1]}"


@pytest.mark.parametrize(("output_format", "compression"), [("jpeg", 100), ("jpeg", 20), ("webp", 60)])
def test_output_formats(output_format: Any, compression: int, client: OpenAI) -> None:
    response = client.images.generate(
        prompt="a format", model=SMALL, output_format=output_format, output_compression=compression
    )

    (image,) = _images(response)
    assert (image.format, image.size) == (output_format.upper(), (1024, 1024))
    assert response.output_format == output_format


def test_url_is_a_data_url_of_the_format(client: OpenAI) -> None:
    response = client.images.generate(prompt="a link", model=SMALL, response_format="url", output_format="jpeg")

    ((url,),) = [[each.url for each in response.data or []]]
    assert url is not None
    head, _, content = url.partition(",")
    assert head == "data:image/jpeg;base64"
    assert _image(content).format == "JPEG"


def test_moderation_low_is_the_threshold_low(client: OpenAI, stack: Stack) -> None:
    client.images.generate(prompt="moderated", model=SMALL, moderation="low")

    (call,) = stack.sent("moderated")
    assert set(call["safety"].values()) == {"BLOCK_ONLY_HIGH"}


def test_a_safety_threshold_goes_in_the_extra_body(client: OpenAI, stack: Stack) -> None:
    client.images.generate(prompt="threshold", model=SMALL, extra_body={"safety_threshold": "HIGH"})

    (call,) = stack.sent("threshold")
    assert set(call["safety"].values()) == {"BLOCK_LOW_AND_ABOVE"}


def test_identifiers_of_users_are_accepted_and_not_kept(client: OpenAI, stack: Stack) -> None:
    client.images.generate(prompt="users", model=SMALL, user="user-7", safety_identifier="user-8")

    assert "user-" not in (stack.home / "logs" / "image-proxy.jsonl").read_text()


@pytest.mark.parametrize("partial_images", [None, 0, 3])
def test_a_stream_is_one_completed_event(partial_images: int | None, client: OpenAI) -> None:
    events = list(
        client.images.generate(
            prompt="a stream", model=SMALL, size="1024x1536", stream=True, partial_images=partial_images
        )
    )

    (event,) = events
    assert event.type == "image_generation.completed"
    assert _image(event.b64_json).size == (832, 1248)
    assert (event.size, event.quality, event.background, event.output_format) == ("832x1248", "auto", "opaque", "png")
    assert event.usage.output_tokens == 1290
    assert event.usage.input_tokens_details.text_tokens == event.usage.input_tokens
    assert event.created_at > 1_700_000_000


def test_each_image_of_a_stream_has_an_event_and_a_hit_is_the_same_stream(client: OpenAI) -> None:
    def streamed() -> tuple[str | None, str, bytes]:
        answer = client.images.with_raw_response.generate(prompt="two of a stream", model=SMALL, stream=True, n=2)
        return answer.headers.get("x-cache"), answer.headers["content-type"], answer.http_response.read()

    first, second = streamed(), streamed()

    assert (first[0], second[0]) == ("miss", "hit")
    assert first[1].partition(";")[0] == "text/event-stream"
    assert first[2] == second[2]
    assert first[2].count(b"event: image_generation.completed\n") == 2


def test_an_edit_streams_under_its_own_name(client: OpenAI) -> None:
    (event,) = client.images.edit(image=png(), prompt="edit a stream", model=SMALL, stream=True)

    assert event.type == "image_edit.completed"
    assert event.usage.input_tokens_details.image_tokens == 560


def test_a_refusal_in_a_stream_is_a_typed_error(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refusal:
        client.images.generate(prompt="[severity:high]", model=SMALL, stream=True)

    assert refusal.value.code == "moderation_blocked"


def test_edit_of_one_image_takes_its_shape(client: OpenAI, stack: Stack) -> None:
    response = client.images.edit(image=("wide.png", png(320, 180), "image/png"), prompt="edit one", model=SMALL)

    assert [image.size for image in _images(response)] == [(1344, 768)]
    assert [call["image_parts"] for call in stack.sent("edit one")] == [1]


def test_edit_of_several_images_with_a_mask(client: OpenAI, stack: Stack, tmp_path: Path) -> None:
    paths = [tmp_path / "one.png", tmp_path / "two.png"]
    for path in paths:
        path.write_bytes(png(16, 16))
    buffer = io.BytesIO()
    Image.new("RGBA", (16, 16), (0, 0, 0, 0)).save(buffer, "PNG")

    with paths[0].open("rb") as one, paths[1].open("rb") as two:
        response = client.images.edit(
            image=[one, two],
            mask=buffer.getvalue(),
            prompt="edit several",
            model=SMALL,
            n=2,
            size="1024x1024",
            quality="low",
            input_fidelity="low",
            output_format="webp",
            output_compression=50,
        )

    assert [(image.format, image.size) for image in _images(response)] == [("WEBP", (1024, 1024))] * 2
    assert [call["image_parts"] for call in stack.sent("edit several")] == [3, 3]


def test_edit_by_json_with_data_urls(client: OpenAI, stack: Stack) -> None:
    response = client.post(
        "/images/edits",
        cast_to=ImagesResponse,
        body={
            "prompt": "edit by json",
            "model": SMALL,
            "images": [{"image_url": _data_url(png(16, 16))}, {"image_url": _data_url(png(9, 9))}],
            "mask": {"image_url": _data_url(png(16, 16, "white"))},
            "n": None,
        },
    )

    assert len(_images(response)) == 1
    assert [call["image_parts"] for call in stack.sent("edit by json")] == [3]


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"images": [{"image_url": "https://images.test/a.png"}]}, "images[0].image_url", "invalid_value"),
        ({"images": [{"image_url": "data:image/png,abc"}]}, "images[0].image_url", "invalid_value"),
        ({"images": [{"image_url": "data:image/png;base64,%%"}]}, "images[0].image_url", "invalid_image"),
        ({"images": [{"image_url": _data_url(b"no picture")}]}, "images[0].image_url", "invalid_image"),
        ({"images": [{"file_id": "file-1"}]}, "images[0].file_id", "invalid_value"),
        ({"images": [{}]}, "images[0].image_url", "missing_required_parameter"),
        ({"images": ["x"]}, "images[0]", "invalid_value"),
        ({"images": []}, "images", "invalid_value"),
        ({"images": [{"image_url": _data_url(png())}] * 15}, "images", "invalid_value"),
        ({}, "images", "missing_required_parameter"),
        ({"image": _data_url(png())}, "images", "missing_required_parameter"),
        (
            {"mask": {"image_url": _data_url(png(9, 8))}, "images": [{"image_url": _data_url(png())}]},
            "mask",
            "invalid_image",
        ),
    ],
)
def test_bad_edit_by_json_is_named_and_nothing_is_fetched(
    fields: dict[str, Any], param: str, code: str, client: OpenAI
) -> None:
    with pytest.raises(openai.BadRequestError) as refusal:
        client.post("/images/edits", cast_to=ImagesResponse, body={"prompt": "bad", **fields})

    assert (refusal.value.param, refusal.value.code) == (param, code)


def test_models_are_listed_and_found(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == list(MODELS)
    model = client.models.retrieve("gemini-3-pro-image-4k-16x9")
    assert (model.id, model.object, model.owned_by) == ("gemini-3-pro-image-4k-16x9", "model", "google")
    with pytest.raises(openai.NotFoundError) as missing:
        client.models.retrieve("gpt-9")
    assert missing.value.code == "model_not_found"


def test_raw_responses_show_headers_and_the_parsed_answer(client: OpenAI) -> None:
    raw = client.images.with_raw_response.generate(prompt="raw", model=SMALL)

    assert raw.headers["x-cache"] == "miss"
    assert raw.headers["x-safety-threshold"] == "MEDIUM"
    answer = raw.parse()
    assert raw.request_id == raw.headers["x-request-id"]
    assert len(answer.data or []) == 1
    with client.images.with_streaming_response.generate(prompt="raw", model=SMALL) as streamed:
        assert streamed.headers["x-cache"] == "hit"
        assert len(streamed.parse().data or []) == 1


@pytest.mark.parametrize(
    ("arguments", "error", "code"),
    [
        ({"prompt": ""}, openai.BadRequestError, "invalid_value"),
        ({"prompt": "x", "n": 11}, openai.BadRequestError, "invalid_value"),
        ({"prompt": "x", "size": "10x10"}, openai.BadRequestError, "invalid_value"),
        ({"prompt": "x", "background": "transparent"}, openai.BadRequestError, "invalid_value"),
        ({"prompt": "x", "output_format": "svg"}, openai.BadRequestError, "invalid_value"),
        ({"prompt": "x", "frame_count": 3}, openai.BadRequestError, "unknown_parameter"),
        ({"prompt": "[severity:high] x"}, openai.BadRequestError, "moderation_blocked"),
        ({"prompt": "x", "model": "no-such"}, openai.NotFoundError, "model_not_found"),
        ({"prompt": "[play:text-only]"}, openai.InternalServerError, "no_image"),
        ({"prompt": "[play:503]"}, openai.InternalServerError, "upstream_error"),
    ],
)
def test_errors_are_the_clients_own_types(
    arguments: dict[str, Any], error: type[openai.APIStatusError], code: str, client: OpenAI
) -> None:
    with pytest.raises(error) as raised:
        client.images.generate(**arguments)

    assert raised.value.code == code
    assert raised.value.request_id
    assert raised.value.message


@pytest.mark.parametrize(
    ("prompt", "stage", "categories"),
    [
        ("[severity:high] [blocked:prompt]", "input", ["harassment", "hate_speech", "sexually_explicit"]),
        ("[severity:medium]", "output", ["harassment", "hate_speech", "sexually_explicit"]),
        ("[play:finish=PROHIBITED_CONTENT]", "output", []),
        ("[play:block=OTHER]", "input", []),
    ],
)
def test_a_refusal_tells_where_and_for_what(prompt: str, stage: str, categories: list[str], client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refusal:
        client.images.generate(prompt=prompt, model=SMALL)

    assert refusal.value.type == "image_generation_user_error"
    assert isinstance(refusal.value.body, dict)
    details = refusal.value.body["moderation_details"]
    assert details["moderation_stage"] == stage
    assert details["categories"][: len(categories)] == categories


@pytest.mark.parametrize("reason", ["OTHER", "IMAGE_OTHER", "SOMETHING_NEW"])
def test_an_image_beside_a_reason_that_means_none_is_not_returned(reason: str, client: OpenAI) -> None:
    with pytest.raises(openai.InternalServerError) as raised:
        client.images.generate(prompt=f"[play:finish-drawn={reason}]", model=SMALL)

    assert raised.value.code == "no_image"


def test_a_wrong_key_is_an_authentication_error(stack: Stack) -> None:
    with OpenAI(base_url=f"{stack.url}/v1", api_key="sk-wrong") as stranger, pytest.raises(openai.AuthenticationError):
        stranger.images.generate(prompt="x")


def test_variations_are_an_unknown_url(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        client.post("/images/variations", cast_to=ImagesResponse, files={"image": png()}, body={})

    assert missing.value.code == "unknown_url"


def test_what_may_have_been_paid_for_is_not_tried_again_by_the_client(stack: Stack) -> None:
    with (
        OpenAI(base_url=f"{stack.url}/v1", api_key=stack.key, max_retries=2) as keen,
        pytest.raises(openai.InternalServerError) as raised,
    ):
        keen.images.generate(prompt="[play:text-only] paid", model=SMALL)

    assert raised.value.response.headers["x-should-retry"] == "false"
    assert len(stack.sent("[play:text-only] paid")) == 1


def test_a_full_quota_of_a_day_is_a_rate_limit_error_that_the_client_does_not_try_again(tmp_path: Path) -> None:
    with (
        running_stack(tmp_path / "home", {"quota_per_day": 0}) as full,
        OpenAI(base_url=f"{full.url}/v1", api_key=full.key, max_retries=2) as keen,
    ):
        with pytest.raises(openai.RateLimitError) as raised:
            keen.images.generate(prompt="no quota")

        assert raised.value.code == "accounts_exhausted"
        assert len(full.events()) == 1


def test_a_floor_refuses_what_is_weaker(tmp_path: Path) -> None:
    with (
        running_stack(tmp_path / "home", IMAGE_PROXY_SAFETY_FLOOR="MEDIUM") as guarded,
        OpenAI(base_url=f"{guarded.url}/v1", api_key=guarded.key, max_retries=0) as client,
    ):
        for weaker in ({"moderation": "low"}, {"extra_body": {"safety_threshold": "OFF"}}):
            with pytest.raises(openai.BadRequestError, match="floor, MEDIUM") as refusal:
                client.images.generate(prompt="weak", model=SMALL, **weaker)
            assert refusal.value.code == "invalid_value"
        client.images.generate(prompt="strong", model=SMALL, extra_body={"safety_threshold": "HIGH"})
        assert guarded.sent("weak") == []
