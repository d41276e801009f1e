"""From OpenAI's `size` and `quality` to Gemini's aspect ratio and image size."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from proxy.errors import ProxyError
from proxy.models import Model

AUTO: Final = "auto"

_SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")
_SIDES = (64, 8192)
"""The shortest and longest side that a size may have, in pixels."""
_FARTHEST = 1.5
"""How far a shape may be from the nearest ratio that a model can draw, as a factor."""
_SIZES = ("512", "1K", "2K", "4K")
"""Every image size, smallest first."""

QUALITY_SIZE = {"standard": "1K", "low": "1K", "medium": "1K", "hd": "2K", "high": "2K", "xhigh": "2K", "max": "4K"}
"""The image size that each quality asks for at least; `auto` and none ask for none."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the upstream is asked for; None leaves the choice to the model."""

    aspect_ratio: str | None
    image_size: str | None


@lru_cache(maxsize=256)
def shape_of(model: Model, size: str, quality: str | None, *, otherwise: str | None) -> Shape:
    """The shape for a request: the model's own suffix wins, then the size and the quality, whichever is larger.

    size       `WxH` in pixels or `auto`; raises ProxyError invalid_value for anything else
    otherwise  the aspect ratio for `auto`

    >>> from proxy.models import find_model
    >>> shape_of(find_model("gemini-3-pro-image"), "1920x1080", "hd", otherwise="1:1")
    Shape(aspect_ratio='16:9', image_size='2K')
    """
    ratio, image_size = (otherwise, "1K") if size == AUTO else _of_pixels(model, *_pixels(size))
    if not model.sizes:
        return Shape(model.ratio or ratio, None)
    wanted = max(image_size, QUALITY_SIZE.get(quality or AUTO, image_size), key=_SIZES.index)
    return Shape(model.ratio or ratio, model.image_size or wanted)


def _pixels(size: str) -> tuple[int, int]:
    match = _SIZE.fullmatch(size)
    width, height = (int(side) for side in match.groups()) if match else (0, 0)
    shortest, longest = _SIDES
    if not (shortest <= width <= longest and shortest <= height <= longest):
        raise ProxyError(
            "invalid_value",
            f"size must be `auto` or WIDTHxHEIGHT with sides of {shortest} to {longest} pixels.",
            param="size",
        )
    return width, height


def _of_pixels(model: Model, width: int, height: int) -> tuple[str, str]:
    """The nearest ratio, then the image size nearest in pixels, both by factor; far from every ratio is refused."""
    wanted = width / height
    ratio = min(model.ratios, key=lambda name: abs(math.log(wanted / _quotient(name))))
    if abs(math.log(wanted / _quotient(ratio))) > math.log(_FARTHEST):
        raise ProxyError("invalid_value", "size is too long and narrow for this model.", param="size")
    sizes = model.sizes or ("1K",)
    return ratio, min(sizes, key=lambda name: abs(math.log(width * height / math.prod(model.pixels(ratio, name)))))


def _quotient(ratio: str) -> float:
    width, height = ratio.split(":")
    return int(width) / int(height)
