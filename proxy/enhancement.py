"""Words for quality and style that are added to a prompt, as the original did with every prompt.

Only generations are enhanced. Mode `requested` adds words only for what the request names; `always` also for the
original's default style, vivid; `off` never.
"""

from __future__ import annotations

from typing import Literal

Mode = Literal["requested", "always", "off"]

QUALITY_WORDS = {
    "hd": "[in high quality, with fine detail]",
    "high": "[in high quality, with fine detail]",
}
STYLE_WORDS = {
    "vivid": "[in a vivid style, with strong colours and dramatic light]",
    "natural": "[in a natural style, with soft light and true colours]",
}
ORIGINAL_STYLE = "vivid"
"""The style that the original took where a request names none."""


def enhance(prompt: str, quality: str | None, style: str | None, mode: Mode) -> str:
    """The prompt as it is sent; the same prompt where nothing is added.

    >>> enhance("a kite", None, "natural", "requested")
    'a kite, [in a natural style, with soft light and true colours]'
    >>> enhance("a kite", None, None, "requested")
    'a kite'
    """
    if mode == "off":
        return prompt
    if mode == "always":
        style = style or ORIGINAL_STYLE
    words = [QUALITY_WORDS.get(quality or ""), STYLE_WORDS.get(style or "")]
    return ", ".join([prompt, *(word for word in words if word)])
