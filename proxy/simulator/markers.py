"""Words in square brackets by which a prompt tells the simulator what to play."""

import re
from dataclasses import dataclass
from enum import IntEnum

_SEVERITY = re.compile(r"\[severity:(low|medium|high)\]")
_PLAY = re.compile(r"\[play:([a-z0-9-]+)(?:=([A-Z_]+))?\]")
_BLOCKED_PROMPT = "[blocked:prompt]"


class Probability(IntEnum):
    """How likely content is harmful, in the order of the API's `HarmProbability`."""

    NEGLIGIBLE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


@dataclass(frozen=True)
class Markers:
    """What a prompt asks for.

    `probability` is the highest of its `[severity:…]` markers; `blocks_prompt` says that a refusal is to come as
    `promptFeedback`; `play` is the name in the first `[play:…]` marker and `argument` what follows its `=`.
    """

    probability: Probability
    blocks_prompt: bool
    play: str | None
    argument: str | None


def read_markers(prompt: str) -> Markers:
    """The markers in a prompt; words that only look like one are text."""
    severities = (Probability[word.upper()] for word in _SEVERITY.findall(prompt))
    play = _PLAY.search(prompt)
    return Markers(
        probability=max(severities, default=Probability.NEGLIGIBLE),
        blocks_prompt=_BLOCKED_PROMPT in prompt,
        play=play.group(1) if play else None,
        argument=play.group(2) if play else None,
    )
