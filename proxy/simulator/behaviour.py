"""How the simulated service behaves for everyone: how long it takes, and how often it fails."""

import hashlib
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, field_validator

from proxy.simulator.errors import BY_STATUS, Failure

_JITTER = 0.2


class Behaviour(BaseModel):
    """The seed and what may change while running.

    `latency_ms` is the mean time of an answer, spread by ± 20 %; `error_rate` is the share of distinct request bodies
    that fail, always and on every attempt, with `error_status`; the quotas are those of each project and model, None
    being none. Raises pydantic's ValidationError (a ValueError) for a
    rate outside 0…1, a latency outside 0…600 000 ms or a status that no failure stands for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0
    latency_ms: int = Field(default=250, ge=0, le=600_000)
    error_rate: float = Field(default=0.0, ge=0.0, le=1.0, allow_inf_nan=False)
    error_status: int = 503
    quota_per_minute: int | None = Field(default=None, ge=0)
    quota_per_day: int | None = Field(default=None, ge=0)

    @field_validator("error_status")
    @classmethod
    def _known_status(cls, status: int) -> int:
        if status not in BY_STATUS:
            raise ValueError(f"must be one of {', '.join(map(str, sorted(BY_STATUS)))}")
        return status

    def changed(self, changes: Mapping[str, object]) -> "Behaviour":
        """A copy with some members changed, checked as a whole."""
        return Behaviour.model_validate({**self.model_dump(), **changes})

    def failure_for(self, body: bytes) -> Failure | None:
        """The failure that this body meets, if it is among the unlucky share."""
        return BY_STATUS[self.error_status] if self._fraction("failure", body) < self.error_rate else None

    def latency_for(self, body: bytes) -> float:
        """Seconds that the answer to this body takes."""
        spread = 1 + _JITTER * (2 * self._fraction("latency", body) - 1)
        return self.latency_ms * spread / 1000

    def _fraction(self, purpose: str, body: bytes) -> float:
        """A number in [0, 1) that the seed, the purpose and the body decide."""
        digest = hashlib.sha256(f"{self.seed}\n{purpose}\n".encode() + body).digest()
        return int.from_bytes(digest[:8]) / 2**64
