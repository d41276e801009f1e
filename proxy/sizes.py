"""From OpenAI's `size` and `quality` to Gemini's aspect ratio and image size."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from proxy.errors import ProxyError
from proxy.models import Model

AUTO: Final = "auto"

_SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")
_SIDES = (64, 8192)
"""The shortest and longest side that a size may have, in pixels."""
_FARTHEST = 1.5
"""How far a shape may be from the nearest ratio that a model can draw, as a factor."""
_BASE_PIXELS = 1024 * 1024
"""How many pixels a 1K image has, about, at any ratio; 2K has four times as many, 4K sixteen, 512 a quarter."""
_SIZE_PIXELS = {"512": _BASE_PIXELS / 4, "1K": _BASE_PIXELS, "2K": _BASE_PIXELS * 4, "4K": _BASE_PIXELS * 16}

QUALITY_SIZE = {"standard": "1K", "low": "1K", "medium": "1K", "hd": "2K", "high": "2K"}
"""The image size that each quality asks for at least; `auto` and none ask for none."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the upstream is asked for; None leaves the choice to the model."""

    aspect_ratio: str | None
    image_size: str | None


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
    wanted = max(image_size, QUALITY_SIZE.get(quality or AUTO, image_size), key=_SIZE_PIXELS.__getitem__)
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
    """The nearest ratio and image size, both by factor; a size outside every ratio is refused."""
    wanted = width / height
    ratio = min(model.ratios, key=lambda name: abs(math.log(wanted / _quotient(name))))
    if abs(math.log(wanted / _quotient(ratio))) > math.log(_FARTHEST):
        raise ProxyError("invalid_value", "size is too long and narrow for this model.", param="size")
    sizes = model.sizes or ("1K",)
    return ratio, min(sizes, key=lambda name: abs(math.log(width * height / _SIZE_PIXELS[name])))


def _quotient(ratio: str) -> float:
    width, height = ratio.split(":")
    return int(width) / int(height)
