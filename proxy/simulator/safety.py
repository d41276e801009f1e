"""Which requests the safety filters refuse."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from proxy.simulator.markers import Probability

ADJUSTABLE_CATEGORIES = (
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
)
"""The categories whose filter a request may set, and which an answer rates."""

_NEVER = Probability.HIGH + 1

BLOCKING_LEVEL: Mapping[str, int] = MappingProxyType(
    {
        "HARM_BLOCK_THRESHOLD_UNSPECIFIED": _NEVER,
        "OFF": _NEVER,
        "BLOCK_NONE": _NEVER,
        "BLOCK_ONLY_HIGH": Probability.HIGH,
        "BLOCK_MEDIUM_AND_ABOVE": Probability.MEDIUM,
        "BLOCK_LOW_AND_ABOVE": Probability.LOW,
    }
)
"""The lowest probability that each threshold blocks. Unspecified is off, as it is for recent models."""


@dataclass(frozen=True)
class SafetyVerdict:
    """The ratings of an answer, and whether any of them blocks it."""

    blocked: bool
    ratings: tuple[Mapping[str, object], ...]


def judge(probability: Probability, thresholds: Mapping[str, str]) -> SafetyVerdict:
    """Rate all adjustable categories alike; one that `thresholds` does not name is off."""
    ratings = tuple(_rate(category, probability, thresholds) for category in ADJUSTABLE_CATEGORIES)
    return SafetyVerdict(blocked=_any_blocked(ratings), ratings=ratings)


def _rate(category: str, probability: Probability, thresholds: Mapping[str, str]) -> dict[str, object]:
    level = BLOCKING_LEVEL[thresholds.get(category, "OFF")]
    return {"category": category, "probability": probability.name, "blocked": probability >= level}


def _any_blocked(ratings: Iterable[Mapping[str, object]]) -> bool:
    return any(rating["blocked"] for rating in ratings)
