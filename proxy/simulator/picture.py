"""What picture a request asks for, whichever of the two spellings it uses."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from proxy.simulator.images import input_shape
from proxy.simulator.models import ImageModel, Pixels
from proxy.simulator.wire import GenerateContentRequest, ImageConfig

_RATIO_WORDS: Mapping[str, int] = MappingProxyType(
    {"ONE": 1, "TWO": 2, "THREE": 3, "FOUR": 4, "FIVE": 5, "EIGHT": 8, "NINE": 9, "SIXTEEN": 16, "TWENTY_ONE": 21}
)
_SIZE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "IMAGE_SIZE_FIVE_TWELVE": "512",
        "IMAGE_SIZE_ONE_K": "1K",
        "IMAGE_SIZE_TWO_K": "2K",
        "IMAGE_SIZE_FOUR_K": "4K",
    }
)
_UNREADABLE_TYPES = ("image/heic", "image/heif")


@dataclass(frozen=True)
class Picture:
    """A picture that is to be drawn; `material` decides its content."""

    ratio: str
    size_class: str
    size: Pixels
    output_tokens: int
    mime_type: str
    material: bytes


def asked_config(request: GenerateContentRequest) -> ImageConfig:
    """The shape and size that a request names, in short words; `imageConfig` counts before `responseFormat`."""
    config = request.generation_config
    if config.image_config is not None:
        return config.image_config
    image = config.response_format.image if config.response_format else None
    if image is None:
        return ImageConfig()
    size = image.image_size
    return ImageConfig(
        aspect_ratio=_short_ratio(image.aspect_ratio) if image.aspect_ratio else None,
        image_size=_SIZE_WORDS.get(size, size) if size else None,
    )


def plan_picture(model: ImageModel, request: GenerateContentRequest, seed: int) -> Picture:
    """The picture that the model draws for the request.

    Its content depends on the seed, the model and all of the request but the safety settings. Raises
    RefusedRequestError for a ratio or size that the model does not know and for an input picture that is none.
    """
    asked = asked_config(request)
    shapes = [input_shape(image.data) for image in request.input_images if image.mime_type not in _UNREADABLE_TYPES]
    ratio = model.aspect_ratio(asked.aspect_ratio, shapes[0] if shapes else None)
    size_class = model.size_class(asked.image_size)
    described = request.model_dump_json(exclude={"safety_settings"}, exclude_none=True)
    response_format = request.generation_config.response_format
    image_format = response_format.image if response_format else None
    return Picture(
        ratio=ratio,
        size_class=size_class,
        size=model.pixels(ratio, size_class),
        output_tokens=model.tokens[size_class],
        mime_type=(image_format.mime_type if image_format else None) or "image/png",
        material=hashlib.sha256(f"{seed}\n{model.id}\n{described}".encode()).digest(),
    )


def _short_ratio(words: str) -> str:
    """`ASPECT_RATIO_SIXTEEN_BY_NINE` as `16:9`; anything else as it is."""
    sides = words.removeprefix("ASPECT_RATIO_").split("_BY_")
    return ":".join(str(_RATIO_WORDS.get(side, side)) for side in sides)
