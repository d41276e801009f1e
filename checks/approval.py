"""Whose signatures a release needs, and which other environment's release it follows (design §§2, 3)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from checks.check import Covers, Identifier, Model
from checks.times import Seconds

Principal = Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9._@+-]*$")]
"""A person as allowed_signers names them."""


class Approval(Model):
    """A role whose signature the release needs; whoever signs in it may sign in the roles of `may_also_be` too.

    Without `principals` anyone in allowed_signers may fill it. `scope` names the stages and checks that the role
    vouches for; without it, all. A signature counts if it is given within `deadline` seconds of the run's end.
    """

    role: Identifier
    title: str = ""
    covers: Covers = ()
    may_also_be: tuple[str, ...] = ()
    principals: Annotated[tuple[Principal, ...], Field(min_length=1)] | None = None
    scope: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    deadline: Annotated[Seconds, Field(gt=0)] | None = None
    may_override: bool = Field(default=False, description="Whether the role may break the glass: `signoff override`.")


class Requirement(Model):
    """Another environment's signed bundle: GO at its gate, of the same build, not older than so long at this gate.

    `environment` is the profile that it was run under. It is needed of runs under `profiles`; without them, under any
    profile but its own. `roles` have to have approved there, beside those that its own checklist asks for.
    """

    environment: Annotated[str, Field(min_length=1)]
    not_older_than: Annotated[Seconds, Field(gt=0)]
    profiles: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    roles: tuple[Identifier, ...] = ()

    def concerns(self, profile: str | None) -> bool:
        """Whether a run under that profile needs it."""
        return profile != self.environment if self.profiles is None else profile in self.profiles


def _distinct_roles(approvals: tuple[Approval, ...]) -> tuple[Approval, ...]:
    twice = _twice([each.role for each in approvals])
    if twice:
        raise ValueError(f"the role {twice!r} is there twice; one signature would count for both")
    return approvals


def _distinct_environments(requirements: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
    twice = _twice([each.environment for each in requirements])
    if twice:
        raise ValueError(f"the environment {twice!r} is there twice; one bundle would count for both")
    return requirements


def _twice(names: list[str]) -> str | None:
    return next((name for name in sorted(names) if names.count(name) > 1), None)


Approvals = Annotated[tuple[Approval, ...], AfterValidator(_distinct_roles)]
"""The roles whose signatures a release needs, each once."""

Requirements = Annotated[tuple[Requirement, ...], AfterValidator(_distinct_environments)]
"""The environments that a release has to have gone through, each once."""
