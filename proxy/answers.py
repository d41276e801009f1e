"""The body of a successful answer, in OpenAI's form: one JSON object, or server-sent events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pybase64
from pydantic_core import to_json

from proxy.call_answers import Drawing
from proxy.errors import ProxyError
from proxy.gemini import UsageMetadata
from proxy.images import Picture, PictureError, converted, is_as_asked
from proxy.requests import ImageRequest

COMPLETED_EVENTS = {"generations": "image_generation.completed", "edits": "image_edit.completed"}
"""The name of the event that brings an image, by endpoint."""
REPORTED_QUALITY = {"standard": "medium", "hd": "high"}
"""What an answer calls a quality that OpenAI no longer has."""
NO_TOKENS = UsageMetadata()
"""What an event says, which must have a usage, where the upstream service told none."""

Pieces = list[bytes]
"""Parts of a body, which are joined once, at its end: each time costs as much as reading the pictures."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A picture as it leaves, and its bytes in base64."""

    picture: Picture
    encoded: bytes


def needs_conversion(request: ImageRequest, drawings: Sequence[Drawing]) -> bool:
    """Whether a body for these takes the work of decoding and encoding pictures."""
    wanted = request.output_format, request.output_compression
    return not all(is_as_asked(drawing.picture, *wanted) for drawing in drawings)


def answer_body(
    request: ImageRequest, drawings: Sequence[Drawing], *, created: int, revised_prompt: str | None
) -> bytes:
    """The body for at least one image, in the format that was asked for; not for the loop if it `needs_conversion`.

    created         seconds since 1970
    revised_prompt  shown beside each image, where the prompt was enhanced; events have no place for it
    Raises ProxyError invalid_upstream_answer for an image that cannot be decoded.
    """
    try:
        shown = [_shown(request, drawing) for drawing in drawings]
    except PictureError as error:
        message = f"The upstream service's image {error}"
        raise ProxyError("invalid_upstream_answer", message) from error
    if request.stream:
        events = [
            _event(request, each, drawing.usage or NO_TOKENS, created)
            for each, drawing in zip(shown, drawings, strict=True)
        ]
        return b"".join(chain.from_iterable(events))
    facts: dict[str, Any] = {
        "created": created,
        "background": "opaque",
        "output_format": request.output_format,
        "size": _size(shown[0].picture),
    }
    quality = _quality(request)
    if quality != "auto":
        facts["quality"] = quality
    told = [drawing.usage for drawing in drawings if drawing.usage]
    if len(told) == len(drawings):
        facts["usage"] = _usage(told)
    items = [_item(each, request.response_format, revised_prompt) for each in shown]
    listed = [piece for item in items for piece in (b",", *item)][1:]
    return b"".join([to_json(facts)[:-1], b',"data":[', *listed, b"]}"])


def _shown(request: ImageRequest, drawing: Drawing) -> _Shown:
    """What is as it was asked for keeps the base64 that it came in."""
    picture = converted(drawing.picture, request.output_format, request.output_compression)
    return _Shown(picture, drawing.encoded if picture is drawing.picture else pybase64.b64encode(picture.content))


def _event(request: ImageRequest, shown: _Shown, usage: UsageMetadata, created: int) -> Pieces:
    name = COMPLETED_EVENTS[request.endpoint]
    facts = {
        "type": name,
        "created_at": created,
        "size": _size(shown.picture),
        "quality": _quality(request),
        "background": "opaque",
        "output_format": request.output_format,
        "usage": _usage([usage]),
    }
    return [f"event: {name}\ndata: ".encode(), *_with_base64(facts, "b64_json", b"", shown.encoded), b"\n\n"]


def _item(shown: _Shown, response_format: str, revised_prompt: str | None) -> Pieces:
    facts = {} if revised_prompt is None else {"revised_prompt": revised_prompt}
    if response_format == "url":
        return _with_base64(facts, "url", f"data:{shown.picture.mime_type};base64,".encode(), shown.encoded)
    return _with_base64(facts, "b64_json", b"", shown.encoded)


def _with_base64(facts: dict[str, Any], name: str, prefix: bytes, encoded: bytes) -> Pieces:
    """A JSON object of the facts and the picture, which is joined in: an encoder would look at each of its bytes."""
    comma = b"," if facts else b""
    return [to_json(facts)[:-1], comma, b'"', name.encode(), b'":"', prefix, encoded, b'"}']


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
