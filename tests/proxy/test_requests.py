"""What clients may ask for: every field is checked, and the answer has the form that they asked for."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable

import pytest
import respx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.errors import ProxyError
from proxy.requests import Policy, parse_generation
from tests.proxy.conftest import RunningProxy, drawn, png, sent_bodies


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"prompt": None}, "prompt", "invalid_value"),
        ({"prompt": ["a"]}, "prompt", "invalid_value"),
        ({"prompt": " \n"}, "prompt", "invalid_value"),
        ({"n": 0}, "n", "invalid_value"),
        ({"n": "2"}, "n", "invalid_value"),
        ({"n": 1.0}, "n", "invalid_value"),
        ({"n": True}, "n", "invalid_value"),
        ({"n": 10**30}, "n", "invalid_value"),
        ({"size": 1024}, "size", "invalid_value"),
        ({"quality": "ultra"}, "quality", "invalid_value"),
        ({"style": "Vivid"}, "style", "invalid_value"),
        ({"response_format": "png"}, "response_format", "invalid_value"),
        ({"background": "transparent"}, "background", "invalid_value"),
        ({"output_format": "gif"}, "output_format", "invalid_value"),
        ({"output_compression": 101, "output_format": "webp"}, "output_compression", "invalid_value"),
        ({"output_compression": 50}, "output_compression", "invalid_value"),
        ({"stream": "true"}, "stream", "invalid_value"),
        ({"stream": True, "response_format": "url"}, "response_format", "invalid_value"),
        ({"moderation": "high"}, "moderation", "invalid_value"),
        ({"moderation": "low", "safety_threshold": "HIGH"}, "moderation", "invalid_value"),
        ({"user": 7}, "user", "invalid_value"),
        ({"partial_images": 1}, "partial_images", "invalid_value"),
        ({"partial_images": 4, "stream": True}, "partial_images", "invalid_value"),
        ({"input_fidelity": "low"}, "input_fidelity", "unknown_parameter"),
        ({"svg": {"model": "x"}}, "svg", "unknown_parameter"),
        ({"a strange\nname": 1}, "a?strange?name", "unknown_parameter"),
        ({"model": ""}, "model", "invalid_value"),
        ({"model": "gemini-3-pro-image-8k"}, "model", "model_not_found"),
    ],
)
def test_bad_field_of_a_generation_is_named(
    body: dict[str, object], param: str, code: str, proxy: RunningProxy, upstream: respx.Route
) -> None:
    response = proxy.generate(body)

    error = response.json()["error"]
    assert (error["param"], error["code"]) == (param, code)
    assert not upstream.called


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'"text"', b"{", b'{"prompt": NaN}', b'{"prompt": "\\ud800"}', b"[" * 5000]
)
def test_body_that_is_no_json_object_is_refused(body: bytes, proxy: RunningProxy) -> None:
    response = proxy.send("POST", "/v1/images/generations", content=body, headers={"content-type": "application/json"})

    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_json")


@given(body=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_give_a_request_or_an_error_of_the_client(body: bytes) -> None:
    assert _parsed(body) in ("a request", 400, 404)


@given(
    fields=st.dictionaries(
        st.sampled_from(["prompt", "model", "n", "size", "quality", "style", "safety_threshold", "other"]),
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    )
)
def test_any_fields_give_a_request_or_an_error_of_the_client(fields: dict[str, object]) -> None:
    assert _parsed(json.dumps(fields).encode()) in ("a request", 400, 404)


def _parsed(body: bytes) -> object:
    try:
        parse_generation(body, Policy(longest_prompt=100))
    except ProxyError as error:
        return error.kind.status
    return "a request"


def test_null_means_absent(proxy: RunningProxy, upstream: respx.Route) -> None:
    names = ("model", "n", "size", "quality", "style", "response_format", "background", "stream", "user")

    assert proxy.generate(dict.fromkeys(names)).status_code == 200
    assert upstream.call_count == 1


def test_image_is_the_upstreams_png_unchanged(proxy: RunningProxy, upstream: respx.Route) -> None:
    content = png(64, 32, "green")
    upstream.mock(side_effect=lambda _: drawn(content))

    body = proxy.generate().json()

    assert base64.b64decode(body["data"][0]["b64_json"]) == content
    assert (body["size"], body["output_format"]) == ("64x32", "png")
    assert body["created"] == 1_800_000_000


def test_url_format_gives_data_urls(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    (item,) = proxy.generate({"response_format": "url"}).json()["data"]

    assert list(item) == ["url"]
    prefix, _, data = item["url"].partition(",")
    assert prefix == "data:image/png;base64"
    assert base64.b64decode(data) == png()


def test_n_images_come_from_n_calls_of_one_candidate(proxy: RunningProxy, upstream: respx.Route) -> None:
    body = proxy.generate({"n": 10}).json()

    assert len(body["data"]) == 10
    assert [sent["generationConfig"]["candidateCount"] for sent in sent_bodies(upstream)] == [1] * 10


def test_usage_is_the_sum_of_all_calls(proxy: RunningProxy, upstream: respx.Route) -> None:
    usage = {
        "promptTokenCount": 14,
        "candidatesTokenCount": 1120,
        "thoughtsTokenCount": 223,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 4}, {"modality": "IMAGE", "tokenCount": 10}],
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1100}],
    }
    upstream.mock(side_effect=lambda _: drawn(usageMetadata=usage))

    assert proxy.generate({"n": 2}).json()["usage"] == {
        "input_tokens": 28,
        "output_tokens": 2686,
        "total_tokens": 2714,
        "input_tokens_details": {"text_tokens": 8, "image_tokens": 20},
        "output_tokens_details": {"text_tokens": 40, "image_tokens": 2200, "reasoning_tokens": 446},
    }


def test_usage_that_one_call_does_not_tell_is_left_out(proxy: RunningProxy, upstream: respx.Route) -> None:
    upstream.mock(side_effect=[drawn(usageMetadata={"promptTokenCount": 1}), drawn()])

    assert "usage" not in proxy.generate({"n": 2}).json()


def test_shape_and_model_are_sent(proxy: RunningProxy, upstream: respx.Route) -> None:
    proxy.generate({"model": "gemini-3-pro-image-4k-21x9"})
    proxy.generate({"size": "1080x1920", "quality": "hd"})
    proxy.generate({"model": "gemini-2.5-flash-image", "size": "1024x768"})

    assert [sent["generationConfig"]["imageConfig"] for sent in sent_bodies(upstream)] == [
        {"aspectRatio": "21:9", "imageSize": "4K"},
        {"aspectRatio": "9:16", "imageSize": "2K"},
        {"aspectRatio": "4:3"},
    ]
    assert [call.request.url.path.rpartition("/")[2] for call in upstream.calls] == [
        "gemini-3-pro-image:generateContent",
        "gemini-3-pro-image:generateContent",
        "gemini-2.5-flash-image:generateContent",
    ]


def test_edit_sends_pictures_in_order_then_the_mask_with_its_words(proxy: RunningProxy, upstream: respx.Route) -> None:
    first, second, mask = png(colour="red"), png(9, 9, "blue"), png(colour="white")

    response = proxy.edit(files=[("image[]", first), ("mask", mask), ("image[]", second)], n="1", size="auto")

    assert response.status_code == 200
    text, one, two, words, three = sent_bodies(upstream)[0]["contents"][0]["parts"]
    assert text == {"text": "make it blue"}
    assert [base64.b64decode(part["inlineData"]["data"]) for part in (one, two, three)] == [first, second, mask]
    assert "mask" in words["text"]
    assert "aspectRatio" not in sent_bodies(upstream)[0]["generationConfig"].get("imageConfig", {})


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"n": "0"}, "n", "invalid_value"),
        ({"n": "two"}, "n", "invalid_value"),
        ({"n": ""}, "n", "invalid_value"),
        ({"n": "99999999999"}, "n", "invalid_value"),
        ({"stream": "True"}, "stream", "invalid_value"),
        ({"input_fidelity": "high"}, "input_fidelity", "invalid_value"),
        ({"output_compression": "9", "output_format": "png"}, "output_compression", "invalid_value"),
        ({"stream": "maybe"}, "stream", "invalid_value"),
        ({"quality": "hd"}, "quality", "invalid_value"),
        ({"prompt": ""}, "prompt", "invalid_value"),
        ({"prompt": "x" * 32001}, "prompt", "prompt_too_long"),
        ({"style": "vivid"}, "style", "unknown_parameter"),
        ({"size": "big"}, "size", "invalid_value"),
        ({"model": "dall-e-9"}, "model", "model_not_found"),
    ],
)
def test_bad_field_of_an_edit_is_named(fields: dict[str, str], param: str, code: str, proxy: RunningProxy) -> None:
    error = proxy.edit(None, **fields).json()["error"]

    assert (error["param"], error["code"]) == (param, code)


def test_stream_false_is_accepted(proxy: RunningProxy, upstream: respx.Route) -> None:
    assert upstream is not None
    assert proxy.edit(stream="false").status_code == 200
    assert proxy.generate({"stream": False}).status_code == 200


@pytest.mark.parametrize(
    ("files", "param", "code"),
    [
        ([], "image", "missing_required_parameter"),
        ([("image", png())] * 15, "image", "invalid_value"),
        ([("image", png()), ("mask", png()), ("mask", png())], "mask", "invalid_value"),
        ([("image", png()), ("picture", png())], "picture", "unknown_parameter"),
        ([("image", b"")], "image", "invalid_image"),
        ([("image", b"GIF89a")], "image", "invalid_image"),
        ([("image", png()), ("mask", png(16, 16))], "mask", "invalid_image"),
        ([("image", png()), ("mask", b"x")], "mask", "invalid_image"),
    ],
)
def test_bad_file_of_an_edit_is_named(
    files: list[tuple[str, bytes]], param: str, code: str, proxy: RunningProxy
) -> None:
    named = [*files] or [("nothing", b"")]
    error = proxy.edit(files=named).json()["error"] if files else _without_files(proxy)

    assert (error["param"], error["code"]) == (param, code)


def _without_files(proxy: RunningProxy) -> dict[str, object]:
    content = b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nmake it blue\r\n--b--\r\n'
    response = proxy.send(
        "POST",
        "/v1/images/edits",
        content=content,
        headers={"content-type": "multipart/form-data; boundary=b"},
    )
    error: dict[str, object] = response.json()["error"]
    return error


def test_field_that_is_given_twice_is_refused(proxy: RunningProxy) -> None:
    part = 'Content-Disposition: form-data; name="n"\r\n\r\n1\r\n'
    content = f"--b\r\n{part}--b\r\n{part}--b--\r\n".encode()

    response = proxy.send(
        "POST", "/v1/images/edits", content=content, headers={"content-type": "multipart/form-data; boundary=b"}
    )

    assert response.json()["error"]["message"] == "n is given twice."


@pytest.mark.parametrize(
    ("media_type", "content"),
    [("multipart/form-data", b"--b--"), ("multipart/form-data; boundary=b", b"no form at all")],
)
def test_form_that_cannot_be_read_is_refused(media_type: str, content: bytes, proxy: RunningProxy) -> None:
    response = proxy.send("POST", "/v1/images/edits", content=content, headers={"content-type": media_type})

    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_value")


def test_body_is_bounded_whatever_its_header_says(start_proxy: Callable[..., RunningProxy]) -> None:
    proxy = start_proxy(IMAGE_PROXY_MAX_BODY_MB="1")

    async def chunks() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
        for _ in range(20):
            yield b" " * 100_000

    json_type, form_type = {"content-type": "application/json"}, {"content-type": "multipart/form-data; boundary=b"}
    announced = proxy.send("POST", "/v1/images/generations", content=b" " * 1_000_001, headers=json_type)
    streamed = proxy.send("POST", "/v1/images/generations", content=chunks(), headers=json_type)
    form = proxy.send("POST", "/v1/images/edits", content=chunks(), headers=form_type)

    assert [response.status_code for response in (announced, streamed, form)] == [413, 413, 413]


def test_prompt_of_the_longest_length_is_accepted(
    start_proxy: Callable[..., RunningProxy], upstream: respx.Route
) -> None:
    assert upstream is not None
    proxy = start_proxy(IMAGE_PROXY_MAX_PROMPT_CHARACTERS="5")

    assert proxy.generate({"prompt": "ääääa"}).status_code == 200
    assert proxy.generate({"prompt": "ääääaa"}).json()["error"]["code"] == "prompt_too_long"
