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
        return Picture(content, ACCEPTED[str(image.format)], image.width, image.height)


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


def as_png(content: bytes) -> Picture:
    """The picture as PNG: one that is a PNG already is passed through unchanged, byte for byte, if it is whole.

    Raises PictureError.
    """
    picture = read_header(content)
    if picture.mime_type == "image/png":
        _check_chunks(content)
        return picture
    image = _decode(content)
    if image.mode not in ("RGB", "RGBA", "L", "LA", "P"):
        image = image.convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return Picture(buffer.getvalue(), "image/png", picture.width, picture.height)


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


def _check_chunks(content: bytes) -> None:
    """Every chunk of a PNG is there and has its checksum; Pillow checks nothing for other formats."""
    try:
        with _opened(content) as image:
            image.verify()
    except _UNREADABLE as error:
        raise PictureError("is cut short or damaged.") from error


def _decode(content: bytes) -> Image.Image:
    _check_chunks(content)
    image = _opened(content)
    try:
        image.load()
    except _UNREADABLE as error:
        raise PictureError("is cut short or damaged.") from error
    return image
