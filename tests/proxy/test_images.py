"""Pictures are read within bounds, and a PNG is passed on byte for byte."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from proxy.errors import ProxyError
from proxy.images import MOST_PIXELS, Picture, PictureError, converted, read_drawn, read_header, read_upload
from tests.proxy.conftest import png


def _saved(kind: str, mode: str = "RGB", size: tuple[int, int] = (16, 8)) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, kind)
    return buffer.getvalue()


def _bomb(width: int, height: int) -> bytes:
    """A small PNG that claims to be huge."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("kind", "mime_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
def test_upload_is_known_by_its_bytes(kind: str, mime_type: str) -> None:
    picture = read_upload(_saved(kind), "image")

    assert (picture.mime_type, picture.width, picture.height) == (mime_type, 16, 8)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_other_formats_are_refused(kind: str) -> None:
    with pytest.raises(ProxyError, match="is not a PNG, JPEG or WebP picture"):
        read_upload(_saved(kind), "image")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_cut_upload_is_refused(kind: str) -> None:
    content = _saved(kind, size=(200, 200))

    with pytest.raises(ProxyError) as refusal:
        read_upload(content[: len(content) * 2 // 3], "mask")

    assert (refusal.value.kind.code, refusal.value.param) == ("invalid_image", "mask")


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (MOST_PIXELS + 1, 1), (2**31 - 1, 2**31 - 1)])
def test_bomb_is_refused_by_its_header(width: int, height: int) -> None:
    with pytest.raises(ProxyError, match="image"):
        read_upload(_bomb(width, height), "image")


def test_png_is_passed_on_unchanged() -> None:
    content = png(33, 7)

    assert converted(read_drawn(content), "png", 100).content is content


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("JPEG", "CMYK"), ("WEBP", "RGBA")])
def test_other_formats_become_png(kind: str, mode: str) -> None:
    picture = converted(read_drawn(_saved(kind, mode)), "png", 100)

    assert picture.mime_type == "image/png"
    header = read_header(picture.content)
    assert (header.mime_type, header.width, header.height) == ("image/png", 16, 8)


@pytest.mark.parametrize("output_format", ["jpeg", "webp"])
def test_received_format_that_was_asked_for_is_passed_on_unless_it_is_to_be_smaller(output_format: str) -> None:
    picture = read_drawn(_saved(output_format.upper(), "RGB"))

    assert converted(picture, output_format, 100) is picture
    smaller = converted(picture, output_format, 10)
    assert (smaller.mime_type, smaller.width, smaller.height) == (f"image/{output_format}", 16, 8)
    assert smaller.content != picture.content


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "L", "P", "1", "I;16"])
@pytest.mark.parametrize("output_format", ["png", "jpeg", "webp"])
def test_every_kind_of_png_becomes_every_format(mode: str, output_format: str) -> None:
    drawn = read_drawn(_saved("PNG", mode))
    picture = converted(Picture(drawn.content, "image/x-other", 16, 8), output_format, 90)

    header = read_header(picture.content)
    assert (header.mime_type, header.width, header.height) == (f"image/{output_format}", 16, 8)


def test_what_is_transparent_is_white_as_jpeg_and_transparent_as_webp() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(buffer, "PNG")
    drawn = read_drawn(buffer.getvalue())

    with Image.open(io.BytesIO(converted(drawn, "jpeg", 100).content)) as jpeg:
        assert jpeg.getpixel((4, 4)) == (255, 255, 255)
    with Image.open(io.BytesIO(converted(drawn, "webp", 100).content)) as webp:
        pixel = webp.getpixel((4, 4))
    assert isinstance(pixel, tuple)
    assert pixel[3] == 0


@given(position=st.integers(8, 60), flip=st.integers(1, 255))
def test_png_with_a_changed_byte_is_never_passed_on(position: int, flip: int) -> None:
    content = bytearray(png(64, 64, "navy"))
    content[position] ^= flip

    with pytest.raises(PictureError):
        read_drawn(bytes(content))


@given(content=st.binary(max_size=300))
def test_any_bytes_are_refused_in_an_orderly_way(content: bytes) -> None:
    with pytest.raises(PictureError):
        read_drawn(content)
