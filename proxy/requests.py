"""What clients ask for: the fields of the two endpoints, checked, and the one request that both become."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from proxy.errors import ProxyError
from proxy.images import Picture, read_upload
from proxy.models import DEFAULT_MODEL, Model, find_model
from proxy.safety import Threshold
from proxy.sizes import AUTO, Shape, shape_of

MOST_IMAGES = 10
"""The most images that a request may ask for, and `n` upstream calls that it may cause."""
MOST_INPUTS = 14
"""The most pictures that gemini-3-pro-image takes with one prompt."""

Endpoint = Literal["generations", "edits"]


def _threshold(value: object) -> object:
    if isinstance(value, str) and value in Threshold.__members__:
        return Threshold(value)
    raise ValueError("not a threshold")


class _Fields(BaseModel):
    """The fields that both endpoints have. A field that only has its neutral value is known, not supported."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    prompt: str = Field(min_length=1)
    model: str = Field(DEFAULT_MODEL, min_length=1, max_length=200)
    n: int = Field(1, ge=1, le=MOST_IMAGES)
    response_format: Literal["b64_json", "url"] = "b64_json"
    safety_threshold: Annotated[Threshold | None, BeforeValidator(_threshold)] = None
    user: str | None = Field(None, max_length=1000)
    background: Literal["auto", "opaque"] = AUTO
    output_format: Literal["png"] = "png"
    stream: Literal[False] = False


class GenerationFields(_Fields):
    """The JSON body of `POST /v1/images/generations`."""

    size: str = "1024x1024"
    quality: Literal["standard", "hd", "low", "medium", "high", "auto"] | None = None
    style: Literal["vivid", "natural"] | None = None
    moderation: Literal["auto"] = AUTO


class EditFields(_Fields):
    """The text fields of the form of `POST /v1/images/edits`; `size` is that of the first picture by default."""

    size: str = AUTO
    quality: Literal["standard", "low", "medium", "high", "auto"] | None = None


Fields = TypeVar("Fields", bound=_Fields)


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """A request that has been checked; `shape` is what the upstream is asked for."""

    endpoint: Endpoint
    prompt: str
    model: Model
    n: int
    size: str
    shape: Shape
    quality: str | None
    style: str | None
    response_format: str
    threshold: Threshold
    images: tuple[Picture, ...] = ()
    mask: Picture | None = None


def parse_generation(body: bytes, *, default_threshold: Threshold, longest_prompt: int) -> ImageRequest:
    """The request in a JSON body. A field that is null is taken as absent, but for `prompt`.

    Raises ProxyError, naming the parameter at fault.
    """
    try:
        found = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise ProxyError("invalid_json") from error
    if not isinstance(found, dict):
        raise ProxyError("invalid_json")
    given = {name: value for name, value in found.items() if value is not None or name == "prompt"}
    fields = _checked(GenerationFields, given, longest_prompt)
    model = find_model(fields.model)
    return ImageRequest(
        endpoint="generations",
        prompt=fields.prompt,
        model=model,
        n=fields.n,
        size=fields.size,
        shape=shape_of(model, fields.size, fields.quality, otherwise="1:1"),
        quality=fields.quality,
        style=fields.style,
        response_format=fields.response_format,
        threshold=fields.safety_threshold or default_threshold,
    )


def parse_edit(
    texts: list[tuple[str, str]],
    files: list[tuple[str, bytes]],
    *,
    default_threshold: Threshold,
    longest_prompt: int,
) -> ImageRequest:
    """The request in a form's text fields and files: `image` (repeated, or as `image[]`) and `mask`.

    Decodes the pictures: not for the event loop's thread. Raises ProxyError, naming the parameter at fault.
    """
    for name, _ in files:
        if name not in ("image", "image[]", "mask"):
            raise ProxyError("unknown_parameter", f"{_shown(name)} is not a known file.", param=_shown(name))
    fields = _checked(EditFields, _from_texts(texts), longest_prompt)
    model = find_model(fields.model)
    shape = shape_of(model, fields.size, fields.quality, otherwise=None)
    images, mask = _pictures(files)
    return ImageRequest(
        endpoint="edits",
        prompt=fields.prompt,
        model=model,
        n=fields.n,
        size=fields.size,
        shape=shape,
        quality=fields.quality,
        style=None,
        response_format=fields.response_format,
        threshold=fields.safety_threshold or default_threshold,
        images=images,
        mask=mask,
    )


def _pictures(files: list[tuple[str, bytes]]) -> tuple[tuple[Picture, ...], Picture | None]:
    inputs = [content for name, content in files if name != "mask"]
    masks = [content for name, content in files if name == "mask"]
    if not inputs:
        raise ProxyError("missing_required_parameter", "image is missing.", param="image")
    if len(inputs) > MOST_INPUTS:
        raise ProxyError("invalid_value", f"At most {MOST_INPUTS} images can be sent.", param="image")
    if len(masks) > 1:
        raise ProxyError("invalid_value", "Only one mask can be sent.", param="mask")
    images = tuple(read_upload(content, "image") for content in inputs)
    mask = read_upload(masks[0], "mask") if masks else None
    if mask and (mask.width, mask.height) != (images[0].width, images[0].height):
        raise ProxyError("invalid_image", "mask must have the size of the first image.", param="mask")
    return images, mask


def _from_texts(texts: list[tuple[str, str]]) -> dict[str, Any]:
    """Form fields as values: everything arrives as text, and a repeated field is refused."""
    coerce: dict[str, Callable[[str], object]] = {"n": _whole, "stream": _boolean}
    given: dict[str, Any] = {}
    for name, text in texts:
        if name in given:
            raise ProxyError("invalid_value", f"{_shown(name)} is given twice.", param=_shown(name))
        given[name] = coerce[name](text) if name in coerce else text
    return given


def _whole(text: str) -> object:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else text


def _boolean(text: str) -> object:
    return {"true": True, "false": False}.get(text, text)


def _checked(model: type[Fields], given: dict[str, Any], longest_prompt: int) -> Fields:
    try:
        fields = model.model_validate(given)
    except ValidationError as error:
        raise _explained(model, error) from None
    if len(fields.prompt) > longest_prompt:
        raise ProxyError("prompt_too_long", f"The prompt may have at most {longest_prompt} characters.", param="prompt")
    if not fields.prompt.strip():
        raise ProxyError("invalid_value", "prompt is blank.", param="prompt")
    return fields


def _explained(model: type[_Fields], error: ValidationError) -> ProxyError:
    """The first problem, as an answer: it names the parameter and what is allowed, and quotes no value."""
    detail = error.errors(include_url=False, include_input=False)[0]
    name = _shown(str(detail["loc"][0]))
    if detail["type"] == "missing":
        return ProxyError("missing_required_parameter", f"{name} is missing.", param=name)
    if detail["type"] == "extra_forbidden":
        return ProxyError("unknown_parameter", f"{name} is not known or not supported.", param=name)
    return ProxyError("invalid_value", f"{name}: {_ALLOWED.get(name, detail['msg'])}.", param=name)


_ALLOWED = {
    "prompt": "must be a text that is not empty",
    "n": f"must be a whole number from 1 to {MOST_IMAGES}",
    "safety_threshold": "must be OFF, LOW, MEDIUM or HIGH",
    "background": "only auto and opaque are supported",
    "output_format": "only png is supported",
    "stream": "streaming is not supported",
    "moderation": "only auto is supported; use safety_threshold",
    "response_format": "must be b64_json or url",
}


def _shown(name: str) -> str:
    """A parameter's name as it may be shown: a client's own words are cut short and made plain."""
    return re.sub(r"[^A-Za-z0-9_.\[\]-]", "?", name)[:64]
