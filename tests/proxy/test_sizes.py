"""Sizes become the nearest ratio and image size that the model can draw, or are refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import ProxyError
from proxy.models import MODELS, Model, find_model
from proxy.sizes import QUALITY_SIZE, Shape, shape_of

PRO = find_model("gemini-3-pro-image")
FLASH = find_model("gemini-3.1-flash-image")

_models = st.sampled_from(list(MODELS.values()))
_qualities = st.sampled_from([None, "auto", *QUALITY_SIZE])


@pytest.mark.parametrize(
    ("size", "ratio"),
    [
        ("1792x768", "21:9"),
        ("2560x1080", "21:9"),
        ("1792x1024", "16:9"),
        ("1920x1080", "16:9"),
        ("1024x1792", "9:16"),
        ("1080x1920", "9:16"),
        ("1024x768", "4:3"),
        ("1280x960", "4:3"),
        ("768x1024", "3:4"),
        ("960x1280", "3:4"),
        ("1024x1024", "1:1"),
        ("1536x1024", "3:2"),
        ("1024x1536", "2:3"),
    ],
)
def test_originals_table_is_kept_and_openais_other_sizes_get_their_own_ratio(size: str, ratio: str) -> None:
    assert shape_of(PRO, size, None, otherwise=None).aspect_ratio == ratio


@pytest.mark.parametrize(
    ("size", "quality", "image_size"),
    [
        ("1024x1024", None, "1K"),
        ("2048x2048", None, "2K"),
        ("4096x4096", "low", "4K"),
        ("256x256", None, "1K"),
        ("1024x1024", "hd", "2K"),
        ("1024x1024", "high", "2K"),
        ("1024x1024", "standard", "1K"),
        ("1024x1024", "xhigh", "2K"),
        ("1024x1024", "max", "4K"),
        ("auto", None, "1K"),
        ("auto", "hd", "2K"),
    ],
)
def test_larger_of_size_and_quality_wins(size: str, quality: str | None, image_size: str) -> None:
    assert shape_of(PRO, size, quality, otherwise="1:1").image_size == image_size


def test_suffix_of_the_model_wins() -> None:
    model = find_model("gemini-3-pro-image-2k-9x16")

    assert shape_of(model, "1920x1080", "low", otherwise="1:1") == Shape("9:16", "2K")
    assert shape_of(find_model("gemini-3-pro-image-4k"), "1024x768", None, otherwise=None) == Shape("4:3", "4K")


def test_flash_draws_small_and_long_ones() -> None:
    assert shape_of(FLASH, "512x512", None, otherwise=None) == Shape("1:1", "512")
    assert shape_of(FLASH, "512x512", "standard", otherwise=None) == Shape("1:1", "1K")
    assert shape_of(FLASH, "4096x512", None, otherwise=None).aspect_ratio == "8:1"


def test_model_with_one_size_is_asked_for_none() -> None:
    assert shape_of(find_model("gemini-2.5-flash-image"), "2048x2048", "hd", otherwise=None) == Shape("1:1", None)


@pytest.mark.parametrize(
    "size", ["", "1024", "1024x", "1024X1024", "1024x1024 ", "-1x5", "0x0", "63x64", "64x8193", "1e3x1e3", "１x１"]
)
def test_other_words_are_refused(size: str) -> None:
    with pytest.raises(ProxyError, match="size must be"):
        shape_of(PRO, size, None, otherwise=None)


def test_shape_beyond_every_ratio_is_refused() -> None:
    with pytest.raises(ProxyError, match="too long and narrow") as refusal:
        shape_of(PRO, "4096x512", None, otherwise=None)

    assert refusal.value.param == "size"


@given(model=_models, width=st.integers(64, 8192), height=st.integers(64, 8192), quality=_qualities)
def test_any_size_gives_what_the_model_can_draw_or_a_refusal(
    model: Model, width: int, height: int, quality: str | None
) -> None:
    try:
        shape = shape_of(model, f"{width}x{height}", quality, otherwise="1:1")
    except ProxyError as error:
        refused: object = error.param
    else:
        refused = None
        assert shape.aspect_ratio in model.ratios
        assert shape.image_size in (*model.sizes, None)
    assert refused in (None, "size")


@pytest.mark.parametrize(
    ("model", "image_size", "ratio"),
    [
        (model, image_size, ratio)
        for model in (PRO, FLASH, find_model("gemini-nano-banana-2.1"))
        for image_size in model.sizes
        for ratio in model.ratios
        if all(64 <= side <= 8192 for side in model.pixels(ratio, image_size))
    ],
)
def test_each_size_that_is_drawn_asks_for_itself(model: Model, image_size: str, ratio: str) -> None:
    width, height = model.pixels(ratio, image_size)

    assert shape_of(model, f"{width}x{height}", None, otherwise=None) == Shape(ratio, image_size)


@given(width=st.integers(64, 8192), height=st.integers(64, 8192))
def test_ratio_is_the_nearest_one(width: int, height: int) -> None:
    try:
        chosen = shape_of(FLASH, f"{width}x{height}", None, otherwise=None).aspect_ratio
    except ProxyError:
        return

    def distance(ratio: str) -> float:
        across, down = map(int, ratio.split(":"))
        return abs(math.log(width / height / (across / down)))

    assert distance(str(chosen)) == min(map(distance, FLASH.ratios))
