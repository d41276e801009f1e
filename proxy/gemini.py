"""Gemini's `generateContent`: the request that is sent and the answer that comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pybase64
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from proxy.errors import ProxyError
from proxy.images import Picture
from proxy.requests import ImageRequest
from proxy.safety import CATEGORIES, gemini_settings

MASK_INSTRUCTION = (
    "The last picture is a mask for the first one: change the first picture only where the mask is transparent, "
    "and leave the rest of it as it is."
)
"""Gemini has no member for a mask: it is sent as one more picture with these words."""


def payload(request: ImageRequest, prompt: str) -> dict[str, Any]:
    """The body of one call, which asks for one image: these models refuse a candidateCount above 1."""
    shape = {"aspectRatio": request.shape.aspect_ratio, "imageSize": request.shape.image_size}
    image_config = {name: value for name, value in shape.items() if value is not None}
    configuration: dict[str, Any] = {"responseModalities": ["IMAGE"], "candidateCount": 1}
    if image_config:
        configuration["imageConfig"] = image_config
    parts: list[dict[str, Any]] = [{"text": prompt}, *(_inline(picture) for picture in request.images)]
    if request.mask:
        parts += [{"text": MASK_INSTRUCTION}, _inline(request.mask)]
    return {
        "contents": [{"role": "user", "parts": parts}],
        "generationConfig": configuration,
        "safetySettings": gemini_settings(request.threshold),
    }


def _inline(picture: Picture) -> dict[str, Any]:
    return {"inlineData": {"mimeType": picture.mime_type, "data": pybase64.b64encode_as_string(picture.content)}}


class _Lenient(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


class _InlineData(_Lenient):
    data: bytes = b""


class _Part(_Lenient):
    thought: bool = False
    inline_data: _InlineData | None = None


class _Content(_Lenient):
    parts: tuple[_Part, ...] = ()


class _SafetyRating(_Lenient):
    category: str = ""
    blocked: bool = False


class _Candidate(_Lenient):
    content: _Content = _Content()
    finish_reason: str | None = None
    safety_ratings: tuple[_SafetyRating, ...] = ()


class _PromptFeedback(_Lenient):
    block_reason: str | None = None
    safety_ratings: tuple[_SafetyRating, ...] = ()


class _TokenDetail(_Lenient):
    modality: str = ""
    token_count: int = Field(0, ge=0)


class UsageMetadata(_Lenient):
    """How many tokens a call took, as the upstream service counts them."""

    prompt_token_count: int = Field(0, ge=0)
    candidates_token_count: int = Field(0, ge=0)
    thoughts_token_count: int = Field(0, ge=0)
    prompt_tokens_details: tuple[_TokenDetail, ...] = ()
    candidates_tokens_details: tuple[_TokenDetail, ...] = ()

    def prompt_tokens(self, modality: str) -> int:
        """The prompt's tokens of one modality, TEXT or IMAGE, at most all of them."""
        return min(_tokens(self.prompt_tokens_details, modality), self.prompt_token_count)

    def candidates_tokens(self, modality: str) -> int:
        """The answer's tokens of one modality, thoughts not counted, at most all of them."""
        return min(_tokens(self.candidates_tokens_details, modality), self.candidates_token_count)


def _tokens(details: tuple[_TokenDetail, ...], modality: str) -> int:
    return sum(detail.token_count for detail in details if detail.modality == modality)


class _Body(_Lenient):
    candidates: tuple[_Candidate, ...] = ()
    prompt_feedback: _PromptFeedback = _PromptFeedback()
    usage_metadata: UsageMetadata | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with HTTP status 200.

    image         the last image that is not a thought, decoded from base64; empty where there is none
    encoded       the same as it was received; empty where there is none
    finish_reason  why the model ended
    block_reason  why the prompt was refused, where it was
    blocked_categories  the categories of harm that it was refused for, where it says: `HARASSMENT`
    usage         the tokens, where the answer tells them
    """

    image: bytes
    encoded: bytes
    finish_reason: str | None
    block_reason: str | None
    blocked_categories: tuple[str, ...]
    usage: UsageMetadata | None


def read_answer(body: bytes) -> Answer:
    """The answer in a body with status 200; raises ProxyError invalid_upstream_answer."""
    try:
        found = _Body.model_validate_json(body)
    except ValidationError as error:
        raise ProxyError("invalid_upstream_answer") from error
    candidate = found.candidates[0] if found.candidates else _Candidate()
    images = [part.inline_data.data for part in candidate.content.parts if part.inline_data and not part.thought]
    encoded = images[-1] if images else b""
    try:
        image = pybase64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise ProxyError("invalid_upstream_answer", "The upstream service's image is not base64.") from error
    feedback = found.prompt_feedback
    blocked = {rating.category for rating in (*feedback.safety_ratings, *candidate.safety_ratings) if rating.blocked}
    categories = tuple(category.removeprefix("HARM_CATEGORY_") for category in CATEGORIES if category in blocked)
    return Answer(image, encoded, candidate.finish_reason, feedback.block_reason, categories, found.usage_metadata)
