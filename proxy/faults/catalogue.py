"""What can be made to go wrong."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Faults(BaseModel):
    """The faults in force; with its defaults, none."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    auth_off: bool = Field(False, description="Every key is accepted, and none.")
    key_ignores: Literal["tenant", "model", "size", "quality", "safety_threshold", "images"] | None = Field(
        None, description="The cache's key does not tell this apart."
    )
    ttl_ignored: bool = Field(False, description="Answers that were kept are served for ever.")
    corrupt_hits: bool = Field(False, description="A byte of every cached answer is wrong.")
    prompt_in_log: bool = Field(False, description="The log has the prompt in place of its hash.")
    log_stopped: bool = Field(False, description="Events are not written.")
    safety_ignored: bool = Field(False, description="OFF is sent upstream, whatever threshold applies.")
    all_refused: bool = Field(False, description="Every request is refused as harmful.")
    slow_ms: int = Field(0, ge=0, le=60_000, description="Every answer takes so much longer, in milliseconds.")
    error_rate: float = Field(
        0.0, ge=0.0, le=1.0, allow_inf_nan=False, description="This share of requests fails as upstream_error."
    )


class Switch:
    """Holds the faults in force; the parts look at it whenever they act."""

    def __init__(self) -> None:
        self.faults = Faults()
