"""What is drawn: exact sizes, real files, the same for the same request."""

import time

import pytest

from proxy.simulator.images import draw_png
from tests.proxy.simulator.service import Service, decoded, picture_part, png, prompt_body, running

PIXELS_1K = {
    "1:1": (1024, 1024),
    "2:3": (848, 1264),
    "3:2": (1264, 848),
    "3:4": (896, 1200),
    "4:3": (1200, 896),
    "4:5": (928, 1152),
    "5:4": (1152, 928),
    "9:16": (768, 1376),
    "16:9": (1376, 768),
    "21:9": (1584, 672),
}
CELLS = [
    (ratio, size_class, (width * factor, height * factor))
    for ratio, (width, height) in PIXELS_1K.items()
    for size_class, factor in (("1K", 1), ("2K", 2), ("4K", 4))
    if size_class != "4K" or ratio in ("1:1", "9:16", "21:9")
]


@pytest.mark.parametrize(("ratio", "size_class", "pixels"), CELLS)
def test_a_picture_is_a_png_of_exactly_the_documented_size(
    service: Service, ratio: str, size_class: str, pixels: tuple[int, int]
) -> None:
    body = prompt_body("a size", imageConfig={"aspectRatio": ratio, "imageSize": size_class})
    image = decoded(service.picture(body))
    assert (image.format, image.size) == ("PNG", pixels)


@pytest.mark.parametrize("ratio", PIXELS_1K)
def test_a_1k_picture_weighs_what_a_real_one_might(service: Service, ratio: str) -> None:
    data = service.picture(prompt_body("a weight", imageConfig={"aspectRatio": ratio}))
    assert 100_000 <= len(data) <= 1_200_000


def test_a_picture_is_not_a_plain_surface(service: Service) -> None:
    colours = decoded(service.picture(prompt_body("colours"))).convert("RGB").getcolors(maxcolors=1024 * 1024)
    assert colours is not None
    assert len(colours) > 100


@pytest.mark.parametrize(
    ("model", "config", "pixels"),
    [
        ("gemini-3.1-flash-image", {"aspectRatio": "1:8"}, (384, 3072)),
        ("gemini-3.1-flash-image", {"aspectRatio": "16:9", "imageSize": "512"}, (688, 384)),
        ("gemini-2.5-flash-image", {"aspectRatio": "2:3"}, (832, 1248)),
        ("gemini-2.5-flash-image", {"imageSize": "4K"}, (1024, 1024)),
        ("gemini-3.1-flash-lite-image", {}, (1024, 1024)),
    ],
)
def test_other_models_have_their_own_sizes(
    service: Service, model: str, config: dict[str, str], pixels: tuple[int, int]
) -> None:
    assert decoded(service.picture(prompt_body("other", imageConfig=config), model)).size == pixels


@pytest.mark.parametrize(
    ("image", "pixels"),
    [
        ({"aspectRatio": "ASPECT_RATIO_SIXTEEN_BY_NINE", "imageSize": "IMAGE_SIZE_TWO_K"}, (2752, 1536)),
        ({"aspectRatio": "ASPECT_RATIO_TWENTY_ONE_BY_NINE"}, (1584, 672)),
        ({"aspectRatio": "4:3", "imageSize": "1K", "delivery": "INLINE"}, (1200, 896)),
    ],
)
def test_the_newer_spelling_of_shape_and_size_is_read(
    service: Service, image: dict[str, str], pixels: tuple[int, int]
) -> None:
    assert decoded(service.picture(prompt_body("long words", responseFormat={"image": image}))).size == pixels


def test_the_newer_spelling_can_ask_for_jpeg(service: Service) -> None:
    body = prompt_body("jpeg", responseFormat={"image": {"mimeType": "image/jpeg"}})
    assert decoded(service.picture(body)).format == "JPEG"


def test_the_same_request_with_a_seed_draws_the_same_bytes_even_in_another_service(service: Service) -> None:
    body = prompt_body("again", seed=3, imageConfig={"aspectRatio": "4:3"})
    first = service.picture(body)
    assert service.picture(body) == first
    with running(seed=7) as twin:
        assert twin.picture(body) == first
    with running(seed=8) as stranger:
        assert stranger.picture(body) != first


def test_the_same_request_without_a_seed_never_draws_the_same_twice_yet_every_service_draws_the_same_row() -> None:
    def row() -> list[bytes]:
        with running(seed=7) as fresh:
            return [fresh.picture(prompt_body("a row")) for _ in range(3)]

    drawn = row()
    assert len(set(drawn)) == 3
    assert row() == drawn


def test_either_spelling_and_any_safety_settings_draw_the_same(service: Service) -> None:
    plain = service.picture(prompt_body("spelt", seed=1, imageConfig={"aspectRatio": "4:3"}))
    other = prompt_body("spelt", safety={"HARM_CATEGORY_HARASSMENT": "OFF"})
    other["generation_config"] = {"seed": 1, "image_config": {"aspect_ratio": "4:3", "image_size": None}}
    assert service.picture(other) == plain


def test_prompt_seed_model_and_input_pictures_change_the_picture(service: Service) -> None:
    def edit(data: bytes) -> dict[str, object]:
        return {"contents": [{"parts": [{"text": "one"}, picture_part(data)]}]}

    drawn = [
        service.picture(prompt_body("one")),
        service.picture(prompt_body("two")),
        service.picture(prompt_body("one", seed=5)),
        service.picture(prompt_body("one"), "gemini-3-pro-image-preview"),
        service.picture(edit(png((64, 64), "red"))),
        service.picture(edit(png((64, 64), "blue"))),
    ]
    assert len(set(drawn)) == len(drawn)


def test_an_edit_without_a_ratio_takes_the_shape_of_its_first_input(service: Service) -> None:
    body = {"contents": [{"parts": [{"text": "wide"}, picture_part(png((320, 180))), picture_part(png((10, 10)))]}]}
    assert decoded(service.picture(body)).size == PIXELS_1K["16:9"]


def test_an_input_that_pillow_cannot_read_by_design_still_counts(service: Service) -> None:
    body = {"contents": [{"parts": [{"text": "heic"}, picture_part(b"opaque", "image/heic")]}]}
    assert decoded(service.picture(body)).size == PIXELS_1K["1:1"]


def test_drawing_costs_little_processor_time() -> None:
    def cost(material: bytes) -> float:
        started = time.thread_time()
        draw_png(material, (1024, 1024))
        return time.thread_time() - started

    assert min(cost(bytes([turn])) for turn in range(8)) < 0.025
