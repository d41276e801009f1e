"""The pictures of an edit, from a form's files or a JSON body's data URLs."""

from __future__ import annotations

import re

import pybase64

from proxy.errors import ProxyError
from proxy.fields import MOST_INPUTS, ImageReference
from proxy.images import Picture, read_upload

_DATA_URL = re.compile(r"data:[A-Za-z0-9!#$&^_.+/;=-]{0,200};base64,")


def pictures_of_files(files: list[tuple[str, bytes]]) -> tuple[tuple[Picture, ...], Picture | None]:
    """The pictures and the mask of a form: `image`, once, repeated or as `image[]`, and `mask`.

    Decodes them: not for the event loop's thread. Raises ProxyError, naming the parameter at fault.
    """
    inputs = [content for name, content in files if name != "mask"]
    masks = [content for name, content in files if name == "mask"]
    if not inputs:
        raise ProxyError("missing_required_parameter", "image is missing.", param="image")
    if len(inputs) > MOST_INPUTS:
        raise ProxyError("invalid_value", f"At most {MOST_INPUTS} images can be sent.", param="image")
    if len(masks) > 1:
        raise ProxyError("invalid_value", "Only one mask can be sent.", param="mask")
    images = tuple(read_upload(content, "image") for content in inputs)
    return images, _fitting(read_upload(masks[0], "mask"), images[0]) if masks else None


def pictures_of_references(
    images: list[ImageReference], mask: ImageReference | None
) -> tuple[tuple[Picture, ...], Picture | None]:
    """The same of a JSON body."""
    pictures = tuple(
        read_upload(_content(each, f"images[{index}].image_url"), f"images[{index}].image_url")
        for index, each in enumerate(images)
    )
    if mask is None:
        return pictures, None
    return pictures, _fitting(read_upload(_content(mask, "mask.image_url"), "mask.image_url"), pictures[0])


def _content(reference: ImageReference, param: str) -> bytes:
    url = reference.image_url
    match = _DATA_URL.match(url)
    if not match:
        message = f"{param} must be a data URL in base64: addresses are not fetched."
        raise ProxyError("invalid_value", message, param=param)
    try:
        return pybase64.b64decode(url[match.end() :], validate=True)
    except ValueError as error:
        raise ProxyError("invalid_image", f"{param} is not base64.", param=param) from error


def _fitting(mask: Picture, first: Picture) -> Picture:
    if (mask.width, mask.height) != (first.width, first.height):
        raise ProxyError("invalid_image", "mask must have the size of the first image.", param="mask")
    return mask
