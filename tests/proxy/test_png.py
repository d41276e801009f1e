"""A PNG is whole or it is not: our look at its chunks takes nothing that Pillow's refuses."""

from __future__ import annotations

import io
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from proxy.images import PictureError, read_drawn
from proxy.png import SIGNATURE, size_of_whole_png


def _png(mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> bytes:
    buffer = io.BytesIO()
    pixels = random.Random(0).randbytes(size[0] * size[1] * 4)
    Image.frombytes("RGBA", size, pixels).convert(mode).save(buffer, "PNG")
    return buffer.getvalue()


def _chunk(name: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + name + content + zlib.crc32(name + content).to_bytes(4)


def _made(*chunks: bytes) -> bytes:
    return b"".join([SIGNATURE, *chunks, _chunk(b"IEND", b"")])


def _header(width: int = 1, height: int = 1, depth: int = 8, colour: int = 0) -> bytes:
    return _chunk(b"IHDR", width.to_bytes(4) + height.to_bytes(4) + bytes([depth, colour, 0, 0, 0]))


PIXELS = _chunk(b"IDAT", zlib.compress(b"\0\0"))
WHOLE = _png()


def _is_whole_for_pillow(content: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            image.verify()
    except (OSError, SyntaxError, ValueError, EOFError):
        return False
    return True


def _is_whole(content: bytes) -> bool:
    try:
        size_of_whole_png(content)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_is_whole(mode: str) -> None:
    content = _png("L") if mode == "I;16" else _png(mode)
    if mode == "I;16":
        buffer = io.BytesIO()
        Image.open(io.BytesIO(content)).convert("I").convert("I;16").save(buffer, "PNG")
        content = buffer.getvalue()

    assert size_of_whole_png(content) == (40, 30)


@given(place=st.integers(0, len(WHOLE) - 1), change=st.integers(1, 255))
def test_changed_byte_is_noticed(place: int, change: int) -> None:
    content = bytearray(WHOLE)
    content[place] ^= change

    assert not _is_whole(bytes(content))


@given(length=st.integers(0, len(WHOLE) - 1))
def test_cut_is_noticed(length: int) -> None:
    assert not _is_whole(WHOLE[:length])
    with pytest.raises(PictureError):
        read_drawn(WHOLE[:length])


@given(behind=st.binary(max_size=30))
def test_what_follows_the_end_does_no_harm(behind: bytes) -> None:
    assert _is_whole(WHOLE + behind)
    assert _is_whole_for_pillow(WHOLE + behind)


@given(
    content=st.lists(
        st.sampled_from(
            [_header(), _header(colour=2, depth=16), PIXELS, _chunk(b"tEXt", b"a\0b"), _chunk(b"IEND", b"")]
        )
    )
)
def test_whatever_is_taken_pillow_takes_too(content: list[bytes]) -> None:
    made = _made(*content)

    assert not _is_whole(made) or _is_whole_for_pillow(made)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        SIGNATURE,
        _made(),
        _made(_header()),
        _made(PIXELS),
        _made(PIXELS, _header()),
        _made(_header(width=0), PIXELS),
        _made(_header(height=0), PIXELS),
        _made(_header(depth=4, colour=2), PIXELS),
        _made(_header(colour=5), PIXELS),
        _made(_chunk(b"IHDR", b"short"), PIXELS),
        SIGNATURE + b"\xff\xff\xff\xffIHDR" + bytes(40),
    ],
)
def test_what_cannot_be_a_picture_is_refused(content: bytes) -> None:
    assert not _is_whole(content)


def test_more_pixels_than_are_allowed_are_refused() -> None:
    assert read_drawn(_made(_header(), PIXELS)).width == 1
    with pytest.raises(PictureError, match="pixels"):
        read_drawn(_made(_header(8001, 8000), PIXELS))
