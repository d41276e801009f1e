"""Pictures: real files of an exact size, cheap to draw, the same for the same seed material."""

import hashlib
import io

from PIL import Image

from proxy.simulator.errors import invalid_argument
from proxy.simulator.models import Pixels

_BLOCK = 4
"""Edge of a coloured square in pixels. At 4, a 1K picture weighs about 120 KB and takes a few milliseconds."""

_COLOURS = 256


def draw_png(material: bytes, size: Pixels) -> bytes:
    """A palette PNG of random coloured squares; `material` decides every square."""
    target = io.BytesIO()
    _squares(material, size).save(target, "PNG", compress_level=1)
    return target.getvalue()


def draw_jpeg(material: bytes, size: Pixels) -> bytes:
    """The same picture as a JPEG file."""
    target = io.BytesIO()
    _squares(material, size).convert("RGB").save(target, "JPEG", quality=75)
    return target.getvalue()


def input_shape(data: bytes) -> Pixels:
    """Width and height of a picture that came with a request; raises RefusedRequestError if it cannot be read.

    Only the header is read, so a picture that would be huge once decoded costs nothing.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.size
    except (OSError, ValueError, Image.DecompressionBombError):
        raise invalid_argument("Unable to process input image. Please retry or report in the Discuss forum.") from None


def _squares(material: bytes, size: Pixels) -> Image.Image:
    columns, rows = -(-size[0] // _BLOCK), -(-size[1] // _BLOCK)
    stream = hashlib.shake_256(material).digest(columns * rows + 3 * _COLOURS)
    image = Image.frombytes("P", (columns, rows), stream[3 * _COLOURS :])
    image.putpalette(stream[: 3 * _COLOURS])
    return image.resize(size, Image.Resampling.NEAREST)
