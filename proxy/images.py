"""Pictures: what clients upload and what the upstream service returns."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from proxy.errors import ProxyError

MOST_PIXELS = 64_000_000
"""The most pixels that a picture may have: 8192 by 8192 is over it, Gemini's largest (6336 by 2688) far below."""

ACCEPTED = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
"""The formats that are read, by Pillow's name."""

MOST_QUALITY = 100
"""The best quality of jpeg and webp."""

_PNG_MODES = ("RGB", "RGBA", "L", "LA", "P")
_UNREADABLE = (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError, EOFError)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's bytes with what they are; `sha256` is of the bytes."""

    content: bytes
    mime_type: str
    width: int
    height: int

    @property
    def sha256(self) -> str:
        """The digest of the bytes, in hex."""
        return hashlib.sha256(self.content).hexdigest()


class PictureError(ValueError):
    """The bytes are not a picture that can be used; the message says why and quotes nothing."""


def read_header(content: bytes) -> Picture:
    """The format and size that a picture's header gives; the pixels are not decoded.

    Raises PictureError for an unknown format and for more than MOST_PIXELS.
    """
    with _opened(content) as image:
        return _described(content, image)


def read_upload(content: bytes, param: str) -> Picture:
    """A picture that a client sent, decoded once to be sure that it is whole.

    Raises ProxyError invalid_image, naming the parameter.
    """
    try:
        picture = read_header(content)
        _decode(content)
    except PictureError as error:
        raise ProxyError("invalid_image", f"{param} {error}", param=param) from error
    return picture


def is_png(content: bytes) -> bool:
    """Whether bytes begin as a PNG does, which is checked without being decoded."""
    return content.startswith(b"\x89PNG\r\n\x1a\n")


def read_drawn(content: bytes) -> Picture:
    """A picture that the upstream service drew, if it is whole: a PNG by its checksums, another by decoding it.

    Raises PictureError.
    """
    with _opened(content) as image:
        if image.format == "PNG":
            _check_chunks(image)
        else:
            _decode(content)
        return _described(content, image)


def is_as_asked(picture: Picture, output_format: str, compression: int) -> bool:
    """Whether a picture is in a format already, and in the best quality where it is encoded by one."""
    return picture.mime_type == f"image/{output_format}" and compression == MOST_QUALITY


def converted(picture: Picture, output_format: str, compression: int) -> Picture:
    """The picture as `png`, `jpeg` or `webp`; one that is so already is passed through unchanged, byte for byte.

    compression  the quality of jpeg and webp, 0 to 100; below 100 such a picture is always encoded anew
    Where a format has no transparency the ground is white. Raises PictureError.
    """
    if is_as_asked(picture, output_format, compression):
        return picture
    image = _decode(picture.content)
    buffer = io.BytesIO()
    if output_format == "png":
        (image if image.mode in _PNG_MODES else image.convert("RGB")).save(buffer, "PNG")
    elif output_format == "webp":
        image.convert("RGBA" if _is_transparent(image) else "RGB").save(buffer, "WEBP", quality=compression)
    else:
        _on_white(image).save(buffer, "JPEG", quality=compression)
    return Picture(buffer.getvalue(), f"image/{output_format}", picture.width, picture.height)


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _on_white(image: Image.Image) -> Image.Image:
    if not _is_transparent(image):
        return image.convert("RGB")
    ground = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")


def _opened(content: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=tuple(ACCEPTED))
    except _UNREADABLE as error:
        raise PictureError("is not a PNG, JPEG or WebP picture.") from error
    if image.width * image.height > MOST_PIXELS:
        raise PictureError(f"has more than {MOST_PIXELS} pixels.")
    return image


def _described(content: bytes, image: Image.Image) -> Picture:
    return Picture(content, ACCEPTED[str(image.format)], image.width, image.height)


def _check_chunks(image: Image.Image) -> None:
    """Every chunk of a PNG is there and has its checksum; Pillow checks nothing for other formats.

    The image was just opened, and cannot be used for its pixels afterwards.
    """
    try:
        image.verify()
    except _UNREADABLE as error:
        raise PictureError("is cut short or damaged.") from error


def _decode(content: bytes) -> Image.Image:
    with _opened(content) as image:
        _check_chunks(image)
    image = _opened(content)
    try:
        image.load()
    except _UNREADABLE as error:
        raise PictureError("is cut short or damaged.") from error
    return image
