"""The body of a successful answer, in OpenAI's form: one JSON object, or server-sent events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pybase64
from pydantic_core import to_json

from proxy.call_answers import Drawing
from proxy.errors import ProxyError
from proxy.gemini import UsageMetadata
from proxy.images import Picture, PictureError, converted
from proxy.requests import ImageRequest

COMPLETED_EVENTS = {"generations": "image_generation.completed", "edits": "image_edit.completed"}
"""The name of the event that brings an image, by endpoint."""
REPORTED_QUALITY = {"standard": "medium", "hd": "high"}
"""What an answer calls a quality that OpenAI no longer has."""
NO_TOKENS = UsageMetadata()
"""What an event says, which must have a usage, where the upstream service told none."""


def answer_body(
    request: ImageRequest, drawings: Sequence[Drawing], *, created: int, revised_prompt: str | None
) -> bytes:
    """The body for at least one image, in the format that was asked for; converts pictures, so not for the loop.

    created         seconds since 1970
    revised_prompt  shown beside each image, where the prompt was enhanced; events have no place for it
    Raises ProxyError invalid_upstream_answer for an image that cannot be decoded.
    """
    try:
        pictures = [
            converted(drawing.picture, request.output_format, request.output_compression) for drawing in drawings
        ]
    except PictureError as error:
        message = f"The upstream service's image {error}"
        raise ProxyError("invalid_upstream_answer", message) from error
    if request.stream:
        events = [
            _event(request, picture, drawing.usage or NO_TOKENS, created)
            for picture, drawing in zip(pictures, drawings, strict=True)
        ]
        return b"".join(events)
    facts: dict[str, Any] = {
        "created": created,
        "background": "opaque",
        "output_format": request.output_format,
        "size": _size(pictures[0]),
    }
    quality = _quality(request)
    if quality != "auto":
        facts["quality"] = quality
    told = [drawing.usage for drawing in drawings if drawing.usage]
    if len(told) == len(drawings):
        facts["usage"] = _usage(told)
    items = [_item(picture, request.response_format, revised_prompt) for picture in pictures]
    return b"".join([to_json(facts)[:-1], b',"data":[', b",".join(items), b"]}"])


def _event(request: ImageRequest, picture: Picture, usage: UsageMetadata, created: int) -> bytes:
    name = COMPLETED_EVENTS[request.endpoint]
    facts = {
        "type": name,
        "created_at": created,
        "size": _size(picture),
        "quality": _quality(request),
        "background": "opaque",
        "output_format": request.output_format,
        "usage": _usage([usage]),
    }
    return b"".join([f"event: {name}\ndata: ".encode(), _with_base64(facts, "b64_json", b"", picture), b"\n\n"])


def _item(picture: Picture, response_format: str, revised_prompt: str | None) -> bytes:
    facts = {} if revised_prompt is None else {"revised_prompt": revised_prompt}
    if response_format == "url":
        return _with_base64(facts, "url", f"data:{picture.mime_type};base64,".encode(), picture)
    return _with_base64(facts, "b64_json", b"", picture)


def _with_base64(facts: dict[str, Any], name: str, prefix: bytes, picture: Picture) -> bytes:
    """A JSON object of the facts and the picture, which is joined in: an encoder would look at each of its bytes."""
    comma = b"," if facts else b""
    content = pybase64.b64encode(picture.content)
    return b"".join([to_json(facts)[:-1], comma, b'"', name.encode(), b'":"', prefix, content, b'"}'])


def _size(picture: Picture) -> str:
    return f"{picture.width}x{picture.height}"


def _quality(request: ImageRequest) -> str:
    asked = request.quality or "auto"
    return REPORTED_QUALITY.get(asked, asked)


def _usage(told: Sequence[UsageMetadata]) -> dict[str, Any]:
    """The tokens of all calls together; what the details do not cover is text.

    Thoughts are billed as output, and shown apart as `reasoning_tokens`.
    """
    given = sum(usage.prompt_token_count for usage in told)
    given_images = sum(usage.prompt_tokens("IMAGE") for usage in told)
    answered = sum(usage.candidates_token_count for usage in told)
    drawn = sum(usage.candidates_tokens("IMAGE") for usage in told)
    thought = sum(usage.thoughts_token_count for usage in told)
    return {
        "input_tokens": given,
        "output_tokens": answered + thought,
        "total_tokens": given + answered + thought,
        "input_tokens_details": {"text_tokens": given - given_images, "image_tokens": given_images},
        "output_tokens_details": {
            "text_tokens": answered - drawn,
            "image_tokens": drawn,
            "reasoning_tokens": thought,
        },
    }
