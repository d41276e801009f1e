"""The fields of the image endpoints' bodies, each with what it allows; they are also the OpenAPI document's source."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from proxy.models import DEFAULT_MODEL
from proxy.safety import Threshold
from proxy.sizes import AUTO

MOST_IMAGES = 10
"""The most images that a request may ask for, and `n` upstream calls that it may cause."""
MOST_INPUTS = 14
"""The most pictures that gemini-3-pro-image takes with one prompt."""

SIZE_PATTERN = r"^(auto|[1-9][0-9]{1,3}x[1-9][0-9]{1,3})$"
"""The form of a size, for the document; the sides' limits and the ratio are checked by `sizes`."""


def _threshold(value: object) -> object:
    if isinstance(value, str) and value in Threshold.__members__:
        return Threshold(value)
    raise ValueError("not a threshold")


Size = Annotated[str, Field(json_schema_extra={"pattern": SIZE_PATTERN})]


class _Fields(BaseModel):
    """The fields that all bodies have. A field that only has its neutral value is known, not supported."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    prompt: str = Field(min_length=1, description="What to draw.", json_schema_extra={"pattern": r"\S"})
    model: str = Field(DEFAULT_MODEL, min_length=1, max_length=200, description="A name of /v1/models, or an alias.")
    n: int = Field(1, ge=1, le=MOST_IMAGES, description="How many images; each is a call of its own.")
    response_format: Literal["b64_json", "url"] = Field("b64_json", description="url gives a data: URL.")
    safety_threshold: Annotated[Threshold | None, BeforeValidator(_threshold)] = Field(
        None, description="How strictly harmful content is refused: OFF, LOW, MEDIUM or HIGH."
    )
    moderation: Literal["auto", "low"] = Field(AUTO, description="low is OpenAI's word for safety_threshold LOW.")
    user: str | None = Field(None, max_length=1000, description="Accepted and not used.")
    safety_identifier: str | None = Field(None, max_length=1000, description="Accepted and not used.")
    background: Literal["auto", "opaque"] = Field(AUTO, description="The models draw opaque images only.")
    output_format: Literal["png", "jpeg", "webp"] = "png"
    output_compression: int = Field(100, ge=0, le=100, description="The quality of jpeg and webp; 100 is the best.")
    stream: bool = Field(False, description="Answer by server-sent events: one completed event an image.")
    partial_images: int = Field(0, ge=0, le=3, description="Allowed with stream; no partial images are sent.")


class GenerationFields(_Fields):
    """The JSON body of `POST /v1/images/generations`."""

    size: Size = "1024x1024"
    quality: Literal["standard", "hd", "low", "medium", "high", "xhigh", "max", "auto"] | None = None
    style: Literal["vivid", "natural"] | None = None


class EditFields(_Fields):
    """The text fields of the form of `POST /v1/images/edits`; `size` is that of the first picture by default."""

    size: Size = AUTO
    quality: Literal["standard", "low", "medium", "high", "xhigh", "max", "auto"] | None = None
    input_fidelity: Literal["low"] = Field("low", description="The models have no such switch.")


class ImageReference(BaseModel):
    """A picture in a JSON body: a data URL. Addresses are never fetched, and files are not kept here."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    file_id: None = Field(None, description="Files are not kept here.")
    image_url: str = Field(
        json_schema_extra={"pattern": "^data:", "format": "data-url"}, description="A data URL in base64."
    )


class JsonEditFields(EditFields):
    """The JSON body of `POST /v1/images/edits`."""

    images: Annotated[list[ImageReference], Field(min_length=1, max_length=MOST_INPUTS)]
    mask: ImageReference | None = None
