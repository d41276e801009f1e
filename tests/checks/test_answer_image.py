from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from checks.answer_image import image_properties

END_CHUNK = 12
"""Bytes of the chunk that ends a PNG; it holds nothing."""
CHECKSUM = 4

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["data", "b64_json", "url"]), inner),
    max_leaves=10,
)


def picture(kind: str, width: int = 12, height: int = 9) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).save(out, kind)
    return out.getvalue()


def answered(*contents: bytes) -> dict[str, Any]:
    entries = [{"b64_json": base64.b64encode(content).decode()} for content in contents]
    return image_properties(b"", "application/json", {"data": entries})


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_every_format_that_a_model_answers_with(kind: str) -> None:
    seen = answered(picture(kind))
    assert (seen["valid"], seen["format"], seen["width"], seen["height"]) == (True, kind, 12, 9)


def test_other_formats_are_no_answer_of_a_model() -> None:
    assert answered(picture("BMP"))["valid"] is False


@given(VALUES)
def test_whatever_the_json_it_is_judged(parsed: Any) -> None:
    seen = image_properties(b"", "application/json", parsed)
    assert seen["valid"] is False
    assert seen["reason"]


@given(st.binary(max_size=200))
def test_whatever_the_bytes_they_are_judged(content: bytes) -> None:
    assert image_properties(content, "image/png", None)["valid"] is False


@given(st.data())
def test_a_damaged_png_is_never_valid(data: st.DataObject) -> None:
    whole = picture("PNG")
    place = data.draw(st.integers(0, len(whole) - END_CHUNK - 1))
    damaged = bytearray(whole)
    damaged[place] ^= data.draw(st.integers(1, 255))
    assert answered(bytes(damaged))["valid"] is False


@given(st.data())
def test_a_png_that_was_cut_is_never_valid(data: st.DataObject) -> None:
    whole = picture("PNG")
    assert answered(whole[: data.draw(st.integers(0, len(whole) - CHECKSUM - 1))])["valid"] is False
