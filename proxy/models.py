"""The models that clients may name, and what each name means upstream."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.errors import ProxyError

RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
"""The aspect ratios of every image model."""


@dataclass(frozen=True, slots=True)
class Model:
    """A name that clients may use.

    id          the name
    upstream    the model's name upstream
    ratios      the aspect ratios that it can draw
    sizes       the image sizes that it understands, smallest first; empty: it draws one size only
    ratio       the aspect ratio that the name fixes
    image_size  the image size that the name fixes
    """

    id: str
    upstream: str
    ratios: tuple[str, ...]
    sizes: tuple[str, ...]
    ratio: str | None = None
    image_size: str | None = None


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
        Model(f"{DEFAULT_MODEL}{size}{ratio}", DEFAULT_MODEL, RATIOS, ("1K", "2K", "4K"), fixed_ratio, fixed_size)
        for size, fixed_size in _SIZE_SUFFIXES.items()
        for ratio, fixed_ratio in _RATIO_SUFFIXES.items()
    ]


MODELS: dict[str, Model] = {
    model.id: model
    for model in (
        *_variants(),
        Model(
            "gemini-3.1-flash-image",
            "gemini-3.1-flash-image",
            (*RATIOS, "1:4", "4:1", "1:8", "8:1"),
            ("512", "1K", "2K", "4K"),
        ),
        Model("gemini-2.5-flash-image", "gemini-2.5-flash-image", RATIOS, ()),
    )
}
"""Every model by its name: the original's 21 variants of the pro model, and the two flash models."""


def find_model(name: str) -> Model:
    """The model of that name; raises ProxyError model_not_found."""
    try:
        return MODELS[name]
    except KeyError:
        raise ProxyError(
            "model_not_found", "There is no such model; GET /v1/models lists them.", param="model"
        ) from None
