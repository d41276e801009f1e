"""The body of a successful answer, in OpenAI's form."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from proxy.gemini import UsageMetadata
from proxy.upstream import Drawing


def answer_body(
    drawings: Sequence[Drawing], *, created: int, response_format: str, revised_prompt: str | None
) -> bytes:
    """The JSON body for at least one image.

    created         seconds since 1970
    revised_prompt  shown beside each image, where the prompt was enhanced
    `size` is that of the first image's pixels; `usage` is there where every call told its tokens.
    """
    first = drawings[0].picture
    body: dict[str, Any] = {
        "created": created,
        "data": [_item(drawing, response_format, revised_prompt) for drawing in drawings],
        "output_format": "png",
        "size": f"{first.width}x{first.height}",
    }
    told = [drawing.usage for drawing in drawings if drawing.usage]
    if len(told) == len(drawings):
        body["usage"] = _usage(told)
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _item(drawing: Drawing, response_format: str, revised_prompt: str | None) -> dict[str, str]:
    encoded = base64.b64encode(drawing.picture.content).decode()
    item = {"url": f"data:image/png;base64,{encoded}"} if response_format == "url" else {"b64_json": encoded}
    return item if revised_prompt is None else item | {"revised_prompt": revised_prompt}


def _usage(told: Sequence[UsageMetadata]) -> dict[str, Any]:
    """The tokens of all calls together; thoughts are billed as output and counted so."""
    prompt = sum(usage.prompt_token_count for usage in told)
    output = sum(usage.candidates_token_count + usage.thoughts_token_count for usage in told)
    images = sum(usage.prompt_tokens("IMAGE") for usage in told)
    return {
        "input_tokens": prompt,
        "output_tokens": output,
        "total_tokens": prompt + output,
        "input_tokens_details": {"text_tokens": max(0, prompt - images), "image_tokens": images},
    }
