"""What tokens cost, where the operator says it: prices change and are the operator's to know."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

TokenCounts = Iterable[tuple[str, str, int]]
"""Direction (`input`, `output`), modality (`text`, `image`, `thought`) and number of tokens."""

Dollars = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


class Prices(BaseModel):
    """The prices of one model, in US dollars for a million tokens.

    input    of what is sent: text and pictures
    image    of the images that are drawn
    thought  of what the model thinks, and of any text that it answers
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    input: Dollars
    image: Dollars
    thought: Dollars

    def cost(self, counts: TokenCounts) -> float:
        """What one call's tokens cost, in US dollars."""
        return sum(count * self._price(direction, modality) for direction, modality, count in counts) / 1_000_000

    def _price(self, direction: str, modality: str) -> float:
        if direction == "input":
            return self.input
        return self.image if modality == "image" else self.thought
