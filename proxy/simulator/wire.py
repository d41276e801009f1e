"""The body of `generateContent` as the service reads it: proto-JSON, camelCase or snake_case, no unknown names."""

import base64
import binascii
import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel, to_snake
from pydantic_core import ErrorDetails

from proxy.simulator.errors import RefusedRequestError, invalid_argument

Modality = Literal["MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO"]
Category = Literal[
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
    "HARM_CATEGORY_CIVIC_INTEGRITY",
]
Threshold = Literal[
    "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
    "BLOCK_LOW_AND_ABOVE",
    "BLOCK_MEDIUM_AND_ABOVE",
    "BLOCK_ONLY_HIGH",
    "BLOCK_NONE",
    "OFF",
]

_MOST_INPUT_IMAGES = 14
_INDEX = re.compile(r"\.(\d+)")


def _decode(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = value.translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("Base64 decoding failed") from error


ProtoBytes = Annotated[bytes, BeforeValidator(_decode)]
"""A bytes member: base64 in the standard or the URL alphabet, padded or not."""


class WireModel(BaseModel):
    """A message: members by either spelling, `null` is as good as absent, unknown names are errors."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        ser_json_bytes="base64",
    )

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        return {
            name: value for name, value in data.items() if value is not None or to_snake(name) not in cls.model_fields
        }


class InlineData(WireModel):
    """A file in the body. The image types are those that the models take."""

    mime_type: Literal["image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"]
    data: ProtoBytes


class FileData(WireModel):
    """A file by address."""

    file_uri: str
    mime_type: str | None = None


class Part(WireModel):
    """One piece of a turn: text or a picture."""

    text: str | None = None
    inline_data: InlineData | None = None
    file_data: FileData | None = None
    thought: bool | None = None
    thought_signature: ProtoBytes | None = None


class Content(WireModel):
    """One turn of the conversation."""

    parts: list[Part] = Field(default_factory=list)
    role: Literal["user", "model"] | None = None


class ImageConfig(WireModel):
    """The picture's shape and size, in short words."""

    aspect_ratio: str | None = None
    image_size: str | None = None


class ImageResponseFormat(WireModel):
    """The picture's shape and size in the newer spelling, with long words."""

    aspect_ratio: str | None = None
    image_size: str | None = None
    mime_type: Literal["image/png", "image/jpeg"] | None = None
    delivery: Literal["INLINE"] | None = None


class ResponseFormat(WireModel):
    """The newer place of the picture options."""

    image: ImageResponseFormat | None = None


class ThinkingConfig(WireModel):
    """Whether thoughts are shown, and how many there may be."""

    include_thoughts: bool | None = None
    thinking_budget: int | None = None
    thinking_level: str | None = None


class GenerationConfig(WireModel):
    """How to draw."""

    response_modalities: list[Modality] | None = None
    image_config: ImageConfig | None = None
    response_format: ResponseFormat | None = None
    thinking_config: ThinkingConfig | None = None
    candidate_count: int | None = None
    seed: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: float | None = None
    max_output_tokens: int | None = None
    stop_sequences: list[str] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    response_mime_type: str | None = None
    media_resolution: str | None = None


class SafetySetting(WireModel):
    """The filter of one category."""

    category: Category
    threshold: Threshold


class GenerateContentRequest(WireModel):
    """The whole body."""

    contents: list[Content] = Field(default_factory=list)
    system_instruction: Content | None = None
    generation_config: GenerationConfig = GenerationConfig()
    safety_settings: list[SafetySetting] = Field(default_factory=list)
    model: str | None = None

    @property
    def prompt(self) -> str:
        """All text of all turns, a line each."""
        return "\n".join(part.text for part in self.parts if part.text)

    @property
    def parts(self) -> list[Part]:
        """The parts of all turns in order."""
        return [part for content in self.contents for part in content.parts]

    @property
    def input_images(self) -> list[InlineData]:
        """The pictures that came in the body."""
        return [part.inline_data for part in self.parts if part.inline_data]

    @property
    def thresholds(self) -> dict[str, str]:
        """The threshold of every category that the request names."""
        return {setting.category: setting.threshold for setting in self.safety_settings}


def parse_request(body: bytes) -> GenerateContentRequest:
    """Read a body; raises RefusedRequestError with the service's own 400 for what it would not take."""
    try:
        request = GenerateContentRequest.model_validate_json(body)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False, include_input=False)[0]) from None
    _check_rules(request)
    return request


def _check_rules(request: GenerateContentRequest) -> None:
    if not request.parts:
        raise invalid_argument("* GenerateContentRequest.contents: contents is not specified\n", field="contents")
    if (request.generation_config.candidate_count or 1) > 1:
        raise invalid_argument("Multiple candidates is not enabled for this model")
    if len(request.thresholds) < len(request.safety_settings):
        raise invalid_argument("Only one safety setting per category is allowed.", field="safety_settings")
    if len(request.input_images) > _MOST_INPUT_IMAGES:
        raise invalid_argument(f"At most {_MOST_INPUT_IMAGES} input images are allowed.", field="contents")


def _refusal(error: ErrorDetails) -> RefusedRequestError:
    *parents, last = [to_snake(step) if isinstance(step, str) else step for step in error["loc"]] or [""]
    if error["type"] == "extra_forbidden":
        unknown = error["loc"][-1]
        where = f" at '{_path(parents)}'" if parents else ""
        message = f'Invalid JSON payload received. Unknown name "{unknown}"{where}: Cannot find field.'
        return invalid_argument(message, field=_path(parents))
    if error["type"] == "json_invalid":
        return invalid_argument("Invalid JSON payload received. The body is not a JSON object.")
    path = _path([*parents, last])
    return invalid_argument(f"Invalid value at '{path}': {error['msg']}", field=path)


def _path(steps: list[str | int]) -> str:
    return _INDEX.sub(r"[\1]", ".".join(str(step) for step in steps))
