"""What an expectation says of an observation: it holds, it does not, or it cannot be told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from checks.units import Quantity


@dataclass(frozen=True)
class Judgement:
    """Whether an expectation holds, and why. `holds` is None when it cannot be told, which is never a pass."""

    holds: bool | None
    reason: str


@dataclass(frozen=True)
class Truncated:
    """An observation of which only a part is known, such as an output beyond its limit; nothing is judged by it."""

    why: str


def why_unjudgeable(observed: object) -> str | None:
    """Say why nothing can be judged by an observation, or None if it can.

    Nothing observed, a part only, NaN or infinity, alone or anywhere inside. A null inside is a value like others.
    """
    if observed is None:
        return "nothing was observed"
    return _flaw(observed)


def _flaw(observed: object) -> str | None:
    match observed:
        case Truncated(why):
            return f"only a part was observed: {why}"
        case Quantity() if not observed.finite:
            return f"the value observed is {observed}"
        case float() if not math.isfinite(observed):
            return f"the value observed is {observed}"
        case Mapping():
            flaws = (_flaw(each) for each in observed.values())
        case list() | tuple():
            flaws = (_flaw(each) for each in observed)
        case _:
            return None
    return next((flaw for flaw in flaws if flaw), None)


def shown(value: object, limit: int = 120) -> str:
    """Write a value for a reason: quantities with their unit, the rest as in Python, cut at `limit` characters."""
    text = str(value) if isinstance(value, Quantity) else repr(value)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
