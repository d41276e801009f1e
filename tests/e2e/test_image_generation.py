"""The seven end-to-end cases of the release page: real HTTP on both sides, the upstream simulated, no quota spent."""

import base64
import io

import httpx
import pytest
from PIL import Image

from tests.e2e.conftest import Stack, outside
from tests.proxy.simulator.service import decoded, png

pytestmark = pytest.mark.story("007-01")

SIZES = {"1x1": (1, 1), "4x3": (4, 3), "3x4": (3, 4), "16x9": (16, 9), "9x16": (9, 16), "21x9": (21, 9)}


def images(answer: httpx.Response) -> list[bytes]:
    assert answer.status_code == 200, answer.text
    return [base64.b64decode(item["b64_json"], validate=True) for item in answer.json()["data"]]


def dimensions(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.size


@pytest.mark.e2e("1")
def test_basic_generation(stack: Stack) -> None:
    answer = stack.generate("a lighthouse at dawn", size="1024x1024")
    (image,) = images(answer)
    assert dimensions(image) == (1024, 1024)
    assert answer.headers["x-cache"] == "miss"
    assert answer.headers["x-request-id"]
    (call,) = stack.calls("a lighthouse at dawn")
    assert call["aspect_ratio"] == "1:1"
    (event,) = stack.events()
    assert (event["status"], event["images"], event["cache"]) == (200, 1, "miss")


@pytest.mark.e2e("2")
def test_four_images_in_parallel(stack: Stack) -> None:
    answer = stack.generate("four boats", n=4)
    assert [dimensions(image) for image in images(answer)] == [(1024, 1024)] * 4
    assert len(stack.calls("four boats")) == 4


@pytest.mark.e2e("3")
def test_ten_images_in_parallel_and_no_more(stack: Stack) -> None:
    assert len(images(stack.generate("ten birds", n=10))) == 10
    assert len(stack.calls("ten birds")) == 10
    refused = stack.generate("eleven birds", n=11)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "n")
    assert stack.calls("eleven birds") == []


@pytest.mark.e2e("4")
def test_editing_an_image(stack: Stack) -> None:
    def edit(picture: bytes) -> httpx.Response:
        parts = {"image": ("picture.png", picture, "image/png")}
        return stack.client.post("/v1/images/edits", data={"prompt": "make it night"}, files=parts)

    first, again, other = edit(png((64, 64))), edit(png((64, 64))), edit(png((64, 64), "blue"))
    assert dimensions(images(first)[0])
    assert again.headers["x-cache"] == "hit"
    assert again.content == first.content
    assert other.headers["x-cache"] == "miss"
    assert images(other) != images(first)
    assert [call["image_parts"] for call in stack.calls("make it night")] == [1, 1]


@pytest.mark.e2e("5")
def test_prompt_enhancement_only_where_it_is_asked_for(stack: Stack) -> None:
    plain = stack.generate("a red bridge")
    styled = stack.generate("a green bridge", style="vivid", quality="hd")
    assert "revised_prompt" not in plain.json()["data"][0]
    revised = styled.json()["data"][0]["revised_prompt"]
    assert revised.startswith("a green bridge")
    assert len(revised) > len("a green bridge")
    assert len(stack.calls(revised)) == 1
    assert stack.calls("a green bridge")[0]["image_size"] == "2K"


@pytest.mark.e2e("6")
def test_both_response_formats_hold_a_whole_image(stack: Stack) -> None:
    encoded = stack.generate("a stone tower", response_format="b64_json")
    linked = stack.generate("a stone tower", response_format="url")
    url = linked.json()["data"][0]["url"]
    head, _, payload = url.partition(",")
    assert head == "data:image/png;base64"
    for content in (base64.b64decode(payload, validate=True), images(encoded)[0]):
        assert decoded(content).size == (1024, 1024)
    assert linked.headers["x-cache"] == "miss"


@pytest.mark.e2e("7")
def test_the_21_model_variants(stack: Stack) -> None:
    listed = {model["id"] for model in stack.client.get("/v1/models").json()["data"]}
    variants = {
        f"gemini-3-pro-image{size}{ratio}"
        for size in ("", "-2k", "-4k")
        for ratio in ("", *(f"-{name}" for name in SIZES))
    }
    assert len(variants) == 21
    assert variants <= listed
    for name, (width, height) in SIZES.items():
        prompt = f"variant {name}"
        got_width, got_height = dimensions(images(stack.generate(prompt, model=f"gemini-3-pro-image-{name}"))[0])
        assert abs(got_width / got_height - width / height) < 0.1
        assert stack.calls(prompt)[0]["aspect_ratio"] == name.replace("x", ":")
    large = stack.generate("variant large", model="gemini-3-pro-image-2k-16x9")
    assert dimensions(images(large)[0]) == (2752, 1536)


@pytest.mark.e2e("1")
def test_no_call_left_loopback(stack: Stack) -> None:
    images(stack.generate("a last look"))
    assert outside() == set()


@pytest.mark.e2e("1")
def test_the_witness_sees_a_call_that_leaves() -> None:
    from tests.e2e.conftest import CONNECTED

    CONNECTED.add("192.0.2.1")
    try:
        assert outside() == {"192.0.2.1"}
    finally:
        CONNECTED.discard("192.0.2.1")
