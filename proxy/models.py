"""The models that clients may name, and what each name means upstream."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from proxy.errors import ProxyError

DIMENSIONS: Mapping[str, Mapping[str, Mapping[str, tuple[int, int]]]] = {
    family: {
        image_size: {ratio: (width, height) for ratio, (width, height) in ratios.items()}
        for image_size, ratios in sizes.items()
    }
    for family, sizes in json.loads(files("proxy").joinpath("image_dimensions.json").read_text()).items()
}
"""Width and height in pixels by family of models, image size and aspect ratio, from the API's guide."""


@dataclass(frozen=True, slots=True)
class Model:
    """A name that clients may use.

    id          the name
    upstream    the model's name upstream
    family      the row of DIMENSIONS that tells what it can draw
    ratio       the aspect ratio that the name fixes
    image_size  the image size that the name fixes
    """

    id: str
    upstream: str
    family: str
    ratio: str | None = None
    image_size: str | None = None

    @property
    def ratios(self) -> tuple[str, ...]:
        """The aspect ratios that it can draw."""
        return tuple(DIMENSIONS[self.family]["1K"])

    @property
    def sizes(self) -> tuple[str, ...]:
        """The image sizes that it can be asked for, smallest first; empty: it draws one size and is asked for none."""
        sizes = tuple(DIMENSIONS[self.family])
        return sizes if len(sizes) > 1 else ()

    def pixels(self, ratio: str, image_size: str) -> tuple[int, int]:
        """Width and height of what it draws."""
        return DIMENSIONS[self.family][image_size][ratio]


DEFAULT_MODEL = "gemini-3-pro-image"

_SIZE_SUFFIXES = {"": None, "-2k": "2K", "-4k": "4K"}
_RATIO_SUFFIXES = {
    "": None,
    "-1x1": "1:1",
    "-4x3": "4:3",
    "-3x4": "3:4",
    "-16x9": "16:9",
    "-9x16": "9:16",
    "-21x9": "21:9",
}


def _variants() -> list[Model]:
    return [
        Model(f"{DEFAULT_MODEL}{size}{ratio}", DEFAULT_MODEL, "pro", fixed_ratio, fixed_size)
        for size, fixed_size in _SIZE_SUFFIXES.items()
        for ratio, fixed_ratio in _RATIO_SUFFIXES.items()
    ]


MODELS: dict[str, Model] = {
    model.id: model
    for model in (
        *_variants(),
        Model("gemini-3.1-flash-image", "gemini-3.1-flash-image", "flash"),
        Model("gemini-3.1-flash-lite-image", "gemini-3.1-flash-lite-image", "lite"),
        Model("gemini-nano-banana-2.1", "gemini-nano-banana-2.1", "nano"),
        Model("gemini-2.5-flash-image", "gemini-2.5-flash-image", "first"),
    )
}
"""Every model by its name: the original's 21 variants of the pro model, and the models beside it."""

ALIASES: dict[str, str] = {
    "gemini-3-pro-image-preview": DEFAULT_MODEL,
    "nano-banana-pro-preview": DEFAULT_MODEL,
    "gemini-3.1-flash-image-preview": "gemini-3.1-flash-image",
    **dict.fromkeys(
        (
            "gpt-image-1",
            "gpt-image-1-mini",
            "gpt-image-1.5",
            "gpt-image-2",
            "gpt-image-2-2026-04-21",
            "gpt-image-2.5-sunburst",
            "gpt-image-2.5-sunburst-2026-09-08",
            "gpt-image-2.5-flare",
            "gpt-image-2.5-flare-2026-09-08",
            "gpt-image-2.6-sunburst",
            "gpt-image-2.6-flare",
            "chatgpt-image-latest",
            "dall-e-2",
            "dall-e-3",
        ),
        DEFAULT_MODEL,
    ),
}
"""Names that stand for a model and are not listed: earlier names, and OpenAI's own, which its clients send."""


def find_model(name: str) -> Model:
    """The model of that name or alias; raises ProxyError model_not_found."""
    try:
        return MODELS[ALIASES.get(name, name)]
    except KeyError:
        raise ProxyError(
            "model_not_found", "There is no such model; GET /v1/models lists them.", param="model"
        ) from None
