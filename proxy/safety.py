"""Safety thresholds and what they are called upstream; which endings of a generation are refusals."""

from __future__ import annotations

from enum import StrEnum


class Threshold(StrEnum):
    """How strictly harmful content is refused: from OFF (nothing) to HIGH (everything that is more than negligible)."""

    OFF = "OFF"
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"

    def is_weaker_than(self, other: Threshold) -> bool:
        """Whether it refuses less than the other."""
        order = list(Threshold)
        return order.index(self) < order.index(other)


GEMINI_THRESHOLD: dict[Threshold, str] = {
    Threshold.OFF: "OFF",
    Threshold.LOW: "BLOCK_ONLY_HIGH",
    Threshold.MEDIUM: "BLOCK_MEDIUM_AND_ABOVE",
    Threshold.HIGH: "BLOCK_LOW_AND_ABOVE",
}
"""What Gemini calls each threshold."""

CATEGORIES = (
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
)
"""The four categories that a request may adjust. All are sent: unsent ones are off on recent models."""

REFUSALS = frozenset(
    {
        "SAFETY",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "RECITATION",
        "IMAGE_RECITATION",
    }
)
"""The finish reasons that mean a refusal of content: the client's to change, never retried, never cached."""


def gemini_settings(threshold: Threshold) -> list[dict[str, str]]:
    """The `safetySettings` member for a threshold.

    >>> gemini_settings(Threshold.LOW)[0]
    {'category': 'HARM_CATEGORY_HARASSMENT', 'threshold': 'BLOCK_ONLY_HIGH'}
    """
    return [{"category": category, "threshold": GEMINI_THRESHOLD[threshold]} for category in CATEGORIES]
