"""Successful answers (HTTP 200), refusals among them, as the service writes them."""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from proxy.simulator.images import draw_jpeg, draw_png
from proxy.simulator.models import ImageModel, Pixels
from proxy.simulator.picture import Picture
from proxy.simulator.safety import SafetyVerdict
from proxy.simulator.wire import GenerateContentRequest

JsonObject = dict[str, object]

_TOKENS_PER_INPUT_IMAGE = 560
_TOKENS_PER_THOUGHT = 223
_CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True)
class Scene:
    """All that the answer to one request depends on."""

    model: ImageModel
    request: GenerateContentRequest
    picture: Picture
    verdict: SafetyVerdict


def image_part(data: bytes, mime_type: str) -> JsonObject:
    """A part with a file in it."""
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode("ascii")}}


def drawn_part(scene: Scene, size: Pixels | None = None, mime_type: str | None = None) -> JsonObject:
    """The result, drawn; of another size or type where given. Models that think sign it."""
    mime_type = mime_type or scene.picture.mime_type
    draw = draw_jpeg if mime_type == "image/jpeg" else draw_png
    part = image_part(draw(scene.picture.material, size or scene.picture.size), mime_type)
    return part | {"thoughtSignature": _signature(scene)} if scene.model.thinks else part


def thought_parts(scene: Scene) -> list[JsonObject]:
    """What the model thought, if the request wants to see it and the model thinks: words and a 1K draft."""
    thinking = scene.request.generation_config.thinking_config
    if not (scene.model.thinks and thinking and thinking.include_thoughts):
        return []
    draft_material = hashlib.sha256(b"draft" + scene.picture.material).digest()
    draft = draw_png(draft_material, scene.model.pixels(scene.picture.ratio, "1K"))
    return [
        {"text": "Composing a first draft of the picture.", "thought": True},
        image_part(draft, "image/png") | {"thought": True},
    ]


def candidate_answer(scene: Scene, parts: Sequence[JsonObject], finish_reason: str) -> JsonObject:
    """An answer with one candidate; `content` has no `parts` member where there are none."""
    content: JsonObject = {"role": "model"}
    if parts:
        content["parts"] = list(parts)
    candidate: JsonObject = {
        "index": 0,
        "content": content,
        "finishReason": finish_reason,
        "safetyRatings": list(scene.verdict.ratings),
    }
    if finish_reason not in ("STOP", "MAX_TOKENS"):
        candidate["finishMessage"] = f"Unable to show the generated image. Reason: {finish_reason}."
    return {"candidates": [candidate], **_closing(scene, parts)}


def blocked_prompt_answer(scene: Scene, reason: str) -> JsonObject:
    """An answer to a prompt that never reached the model: feedback and no candidates."""
    feedback = {"blockReason": reason, "safetyRatings": list(scene.verdict.ratings)}
    return {"promptFeedback": feedback, **_closing(scene, ())}


def _signature(scene: Scene) -> str:
    return base64.b64encode(hashlib.shake_256(b"signature" + scene.picture.material).digest(96)).decode("ascii")


def _closing(scene: Scene, parts: Sequence[JsonObject]) -> JsonObject:
    return {
        "usageMetadata": _usage(scene, parts),
        "modelVersion": scene.model.id,
        "responseId": secrets.token_urlsafe(16),
    }


def _usage(scene: Scene, parts: Sequence[JsonObject]) -> JsonObject:
    """Tokens by kind; thoughts are not part of the candidates' count, and zero members are left out."""
    text_tokens = -(-len(scene.request.prompt) // _CHARACTERS_PER_TOKEN)
    image_tokens = _TOKENS_PER_INPUT_IMAGE * len(scene.request.input_images)
    results = [part for part in parts if "inlineData" in part and not part.get("thought")]
    drawn_tokens = scene.picture.output_tokens * len(results)
    thought_tokens = _TOKENS_PER_THOUGHT if results and scene.model.thinks else 0
    counts = {
        "promptTokenCount": text_tokens + image_tokens,
        "candidatesTokenCount": drawn_tokens,
        "thoughtsTokenCount": thought_tokens,
        "totalTokenCount": text_tokens + image_tokens + drawn_tokens + thought_tokens,
    }
    details = {
        "promptTokensDetails": _by_modality(TEXT=text_tokens, IMAGE=image_tokens),
        "candidatesTokensDetails": _by_modality(IMAGE=drawn_tokens),
    }
    return {name: value for name, value in (counts | details).items() if value}


def _by_modality(**tokens: int) -> list[JsonObject]:
    return [{"modality": modality, "tokenCount": count} for modality, count in tokens.items() if count]
