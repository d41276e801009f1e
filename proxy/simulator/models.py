"""The image models that the simulated service has, with their shapes, sizes and token counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from proxy.simulator.errors import invalid_argument, unknown_model

Pixels = tuple[int, int]

_TEN_RATIOS: Mapping[str, Pixels] = MappingProxyType(
    {
        "1:1": (1024, 1024),
        "2:3": (848, 1264),
        "3:2": (1264, 848),
        "3:4": (896, 1200),
        "4:3": (1200, 896),
        "4:5": (928, 1152),
        "5:4": (1152, 928),
        "9:16": (768, 1376),
        "16:9": (1376, 768),
        "21:9": (1584, 672),
    }
)
_FOURTEEN_RATIOS: Mapping[str, Pixels] = MappingProxyType(
    {**_TEN_RATIOS, "1:4": (512, 2048), "4:1": (2048, 512), "1:8": (384, 3072), "8:1": (3072, 384)}
)
_FIRST_RATIOS: Mapping[str, Pixels] = MappingProxyType(
    {
        "1:1": (1024, 1024),
        "2:3": (832, 1248),
        "3:2": (1248, 832),
        "3:4": (864, 1184),
        "4:3": (1184, 864),
        "4:5": (896, 1152),
        "5:4": (1152, 896),
        "9:16": (768, 1344),
        "16:9": (1344, 768),
        "21:9": (1536, 672),
    }
)
_SCALES = MappingProxyType({"512": 0.5, "1K": 1.0, "2K": 2.0, "4K": 4.0})
_PRO_TOKENS = MappingProxyType({"1K": 1120, "2K": 1120, "4K": 2000})
_FLASH_TOKENS = MappingProxyType({"512": 747, **_PRO_TOKENS})


@dataclass(frozen=True)
class ImageModel:
    """A model that draws.

    `ratios` gives the pixels of each aspect ratio at 1K, from the API's guide; 2K and 4K are exactly two and four
    times that, 512 is half. `tokens` gives the output tokens of a picture for each size class that the model knows.
    """

    id: str
    display_name: str
    input_token_limit: int
    output_token_limit: int
    ratios: Mapping[str, Pixels]
    tokens: Mapping[str, int]
    version: str = "3.0"
    thinks: bool = True

    def size_class(self, asked: str | None) -> str:
        """The size class that is drawn: as asked, 1K by default; a model of one class draws that one always.

        Raises RefusedRequestError for a class that the model does not know; the spelling counts ("2k" is unknown).
        """
        if len(self.tokens) == 1:
            return next(iter(self.tokens))
        if asked is None:
            return "1K"
        if asked not in self.tokens:
            raise invalid_argument(
                f"image_size must be one of {', '.join(self.tokens)}.",
                field="generation_config.image_config.image_size",
            )
        return asked

    def aspect_ratio(self, asked: str | None, input_shape: Pixels | None) -> str:
        """The ratio that is drawn: as asked, else the one nearest to the input image, else 1:1.

        Raises RefusedRequestError for a ratio that the model does not know.
        """
        if asked is None:
            return self._nearest_ratio(input_shape) if input_shape else "1:1"
        if asked not in self.ratios:
            raise invalid_argument(
                f"aspect_ratio must be one of {', '.join(self.ratios)}.",
                field="generation_config.image_config.aspect_ratio",
            )
        return asked

    def pixels(self, ratio: str, size_class: str) -> Pixels:
        """Width and height of a picture."""
        width, height = self.ratios[ratio]
        scale = _SCALES[size_class]
        return int(width * scale), int(height * scale)

    def entry(self) -> dict[str, object]:
        """The model as the models list shows it. It does not say that the model draws."""
        entry: dict[str, object] = {
            "name": f"models/{self.id}",
            "version": self.version,
            "displayName": self.display_name,
            "description": self.display_name,
            "inputTokenLimit": self.input_token_limit,
            "outputTokenLimit": self.output_token_limit,
            "supportedGenerationMethods": ["generateContent", "countTokens", "batchGenerateContent"],
            "temperature": 1,
            "topP": 0.95,
            "topK": 64,
            "maxTemperature": 1,
        }
        return entry | {"thinking": True} if self.thinks else entry

    def _nearest_ratio(self, shape: Pixels) -> str:
        wanted = shape[0] / shape[1]
        return min(self.ratios, key=lambda ratio: abs(self.ratios[ratio][0] / self.ratios[ratio][1] - wanted))


def _pro(model_id: str) -> ImageModel:
    return ImageModel(model_id, "Nano Banana Pro", 131072, 32768, _TEN_RATIOS, _PRO_TOKENS)


def _flash(model_id: str) -> ImageModel:
    return ImageModel(model_id, "Nano Banana 2", 65536, 65536, _FOURTEEN_RATIOS, _FLASH_TOKENS)


_ALL = (
    ImageModel(
        "gemini-2.5-flash-image", "Nano Banana", 32768, 32768, _FIRST_RATIOS, {"1K": 1290}, version="2.0", thinks=False
    ),
    _pro("gemini-3-pro-image-preview"),
    _pro("gemini-3-pro-image"),
    _pro("nano-banana-pro-preview"),
    _flash("gemini-3.1-flash-image-preview"),
    _flash("gemini-3.1-flash-image"),
    ImageModel(
        "gemini-3.1-flash-lite-image", "Nano Banana 2 Lite", 65536, 65536, _TEN_RATIOS, {"1K": 1120}, thinks=False
    ),
    ImageModel("gemini-nano-banana-2.1", "Nano Banana 2.1", 65536, 65536, _FOURTEEN_RATIOS, _PRO_TOKENS),
)

MODELS: Mapping[str, ImageModel] = MappingProxyType({model.id: model for model in _ALL})
"""The models by id, in the order of the list."""


def find_model(model_id: str) -> ImageModel:
    """The model of that id; raises RefusedRequestError (404) if there is none."""
    model = MODELS.get(model_id)
    if model is None:
        raise unknown_model(model_id)
    return model
