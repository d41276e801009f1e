"""What clients ask for: the bodies of the two endpoints, checked, and the one request that they all become."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from proxy.errors import ProxyError
from proxy.fields import MOST_IMAGES, MOST_INPUTS, EditFields, GenerationFields, JsonEditFields
from proxy.images import Picture
from proxy.models import Model, find_model
from proxy.safety import Threshold
from proxy.sizes import Shape, shape_of
from proxy.uploads import pictures_of_files, pictures_of_references

Endpoint = Literal["generations", "edits"]
Fields = TypeVar("Fields", GenerationFields, EditFields, JsonEditFields)


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator allows.

    threshold       applies where a request names none
    floor           the weakest threshold that a request may name
    longest_prompt  in characters
    """

    threshold: Threshold = Threshold.MEDIUM
    floor: Threshold = Threshold.OFF
    longest_prompt: int = 32_000


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """A request that has been checked; `shape` is what the upstream is asked for.

    output_compression  the quality of jpeg and webp, 0 to 100
    stream              whether the answer is server-sent events
    """

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
    output_format: Literal["png", "jpeg", "webp"] = "png"
    output_compression: int = 100
    stream: bool = False


def parse_generation(body: bytes, policy: Policy) -> ImageRequest:
    """The request in a JSON body. A field that is null is taken as absent, but for `prompt`.

    Raises ProxyError, naming the parameter at fault.
    """
    fields = _checked(GenerationFields, _from_json(body), policy)
    return _request("generations", fields, policy, otherwise="1:1", style=fields.style)


def parse_edit(texts: list[tuple[str, str]], files: list[tuple[str, bytes]], policy: Policy) -> ImageRequest:
    """The request in a form's text fields and files: `image` (repeated, or as `image[]`) and `mask`.

    Decodes the pictures: not for the event loop's thread. Raises ProxyError, naming the parameter at fault.
    """
    for name, _ in files:
        if name not in ("image", "image[]", "mask"):
            raise ProxyError("unknown_parameter", f"{_shown(name)} is not a known file.", param=_shown(name))
    fields = _checked(EditFields, _from_texts(texts), policy)
    return _request("edits", fields, policy, pictures=lambda: pictures_of_files(files))


def parse_json_edit(body: bytes, policy: Policy) -> ImageRequest:
    """The request in a JSON body with `images` and `mask` as data URLs; otherwise as `parse_edit`."""
    fields = _checked(JsonEditFields, _from_json(body), policy)
    return _request("edits", fields, policy, pictures=lambda: pictures_of_references(fields.images, fields.mask))


def _request(
    endpoint: Endpoint,
    fields: GenerationFields | EditFields,
    policy: Policy,
    *,
    otherwise: str | None = None,
    style: str | None = None,
    pictures: Callable[[], tuple[tuple[Picture, ...], Picture | None]] = lambda: ((), None),
) -> ImageRequest:
    """The request of checked fields; the pictures are decoded last, since that costs most."""
    model = find_model(fields.model)
    shape = shape_of(model, fields.size, fields.quality, otherwise=otherwise)
    threshold = _threshold(fields, policy)
    images, mask = pictures()
    return ImageRequest(
        endpoint=endpoint,
        prompt=fields.prompt,
        model=model,
        n=fields.n,
        size=fields.size,
        shape=shape,
        quality=fields.quality,
        style=style,
        response_format=fields.response_format,
        threshold=threshold,
        images=images,
        mask=mask,
        output_format=fields.output_format,
        output_compression=fields.output_compression,
        stream=fields.stream,
    )


def _from_json(body: bytes) -> dict[str, Any]:
    try:
        found = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise ProxyError("invalid_json") from error
    if not isinstance(found, dict):
        raise ProxyError("invalid_json")
    return {name: value for name, value in found.items() if value is not None or name == "prompt"}


def _from_texts(texts: list[tuple[str, str]]) -> dict[str, Any]:
    """Form fields as values: everything arrives as text, and a repeated field is refused."""
    coerce: dict[str, Callable[[str], object]] = {
        "n": _whole,
        "output_compression": _whole,
        "partial_images": _whole,
        "stream": _boolean,
    }
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


def _checked(model: type[Fields], given: dict[str, Any], policy: Policy) -> Fields:
    try:
        fields = model.model_validate(given)
    except ValidationError as error:
        raise _explained(error) from None
    if len(fields.prompt) > policy.longest_prompt:
        message = f"The prompt may have at most {policy.longest_prompt} characters."
        raise ProxyError("prompt_too_long", message, param="prompt")
    if not fields.prompt.strip():
        raise ProxyError("invalid_value", "prompt is blank.", param="prompt")
    _check_together(fields)
    return fields


def _check_together(fields: GenerationFields | EditFields) -> None:
    """Fields that allow each other."""
    if fields.output_format == "png" and fields.output_compression != 100:
        _refuse("output_compression", "is for jpeg and webp only")
    if fields.partial_images and not fields.stream:
        _refuse("partial_images", "needs stream")
    if fields.stream and fields.response_format == "url":
        _refuse("response_format", "must be b64_json with stream")
    if fields.moderation == "low" and fields.safety_threshold not in (None, Threshold.LOW):
        _refuse("moderation", "low is safety_threshold LOW, and another one is given")


def _threshold(fields: GenerationFields | EditFields, policy: Policy) -> Threshold:
    """The threshold that applies: the request's, else the operator's; one below the floor is refused."""
    asked = Threshold.LOW if fields.moderation == "low" else fields.safety_threshold
    if asked is None:
        return policy.threshold
    if asked.is_weaker_than(policy.floor):
        name = "safety_threshold" if fields.safety_threshold else "moderation"
        _refuse(name, f"may not be weaker than this server's floor, {policy.floor.value}")
    return asked


def _refuse(param: str, why: str) -> None:
    raise ProxyError("invalid_value", f"{param}: {why}.", param=param)


def _explained(error: ValidationError) -> ProxyError:
    """The first problem, as an answer: it names the parameter and what is allowed, and quotes no value."""
    detail = error.errors(include_url=False, include_input=False)[0]
    name = _place(detail["loc"])
    if detail["type"] == "missing":
        return ProxyError("missing_required_parameter", f"{name} is missing.", param=name)
    if detail["type"] == "extra_forbidden":
        return ProxyError("unknown_parameter", f"{name} is not known or not supported.", param=name)
    allowed = _ALLOWED.get(str(detail["loc"][-1])) or _ALLOWED.get(str(detail["loc"][0]))
    return ProxyError("invalid_value", f"{name}: {allowed or detail['msg']}.", param=name)


def _place(path: tuple[int | str, ...]) -> str:
    """Where in the body: `images[0].image_url`."""
    return _shown("".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix("."))


_ALLOWED = {
    "prompt": "must be a text that is not empty",
    "n": f"must be a whole number from 1 to {MOST_IMAGES}",
    "safety_threshold": "must be OFF, LOW, MEDIUM or HIGH",
    "background": "only auto and opaque are supported",
    "output_format": "only png, jpeg and webp are supported",
    "output_compression": "must be a whole number from 0 to 100",
    "stream": "must be true or false",
    "partial_images": "must be a whole number from 0 to 3",
    "moderation": "must be auto or low",
    "response_format": "must be b64_json or url",
    "input_fidelity": "only low is supported",
    "images": f"must be 1 to {MOST_INPUTS} objects, each with an image_url that is a data URL",
    "mask": "must be an object with an image_url that is a data URL",
    "image_url": "must be a data URL",
    "file_id": "files are not kept here; send image_url as a data URL",
}


def _shown(name: str) -> str:
    """A parameter's name as it may be shown: a client's own words are cut short and made plain."""
    return re.sub(r"[^A-Za-z0-9_.\[\]-]", "?", name)[:64]
