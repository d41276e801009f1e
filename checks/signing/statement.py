"""What is signed: an in-toto Statement v1 over a run's files, with what the signer says of them.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, TypeAdapter

STATEMENT_TYPE: Literal["https://in-toto.io/Statement/v1"] = "https://in-toto.io/Statement/v1"
APPROVAL_NAMESPACE = "signoff-approval-v1"
OVERRIDE_NAMESPACE = "signoff-override-v1"
LONGEST_COMMENT = 4000
LONGEST_OVERRIDE = timedelta(days=7)
"""How long an override may count: it is for an emergency, and a week is enough to mend what it passed over."""
SHORTEST_REASON = 10

Moment = Annotated[AwareDatetime, PlainSerializer(lambda at: f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")]
"""A time in UTC, to the second."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Digest(_Part):
    """The digest of one file, in hexadecimal."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Subject(_Part):
    """One file of the run's folder, by its path there."""

    name: str = Field(min_length=1)
    digest: Digest


class Said(_Part):
    """What every signer says: in which role, when, and of which run with what to be read in it."""

    run_id: str
    release: str
    verdict: str
    scope: str
    role: str
    signed_at: Moment


class Approval(Said):
    """Yes or no, and why; `vouches_for` names the stages and checks of the role's scope, none meaning all."""

    vouches_for: tuple[str, ...] = ()
    decision: Literal["approve", "reject"]
    comment: str = Field(max_length=LONGEST_COMMENT)


class Override(Said):
    """The release goes in spite of `overridden`, for the reason given, until `expires`."""

    reason: str = Field(min_length=SHORTEST_REASON, max_length=LONGEST_COMMENT)
    overridden: tuple[str, ...]
    expires: Moment


class _Statement(_Part):
    type_: Literal["https://in-toto.io/Statement/v1"] = Field(default=STATEMENT_TYPE, alias="_type")
    subject: tuple[Subject, ...]

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 by path."""
        return {each.name: each.digest.sha256 for each in self.subject}


class ApprovalStatement(_Statement):
    """An approval or rejection; its bytes, as `encoded` writes them, are what is signed."""

    predicate_type: Literal["urn:signoff:approval:v1"] = Field(default="urn:signoff:approval:v1", alias="predicateType")
    predicate: Approval


class OverrideStatement(_Statement):
    """An override; its bytes, as `encoded` writes them, are what is signed."""

    predicate_type: Literal["urn:signoff:override:v1"] = Field(default="urn:signoff:override:v1", alias="predicateType")
    predicate: Override


Statement = ApprovalStatement | OverrideStatement
_STATEMENT: TypeAdapter[Statement] = TypeAdapter(Annotated[Statement, Field(discriminator="predicate_type")])


def namespace_of(statement: Statement) -> str:
    """What its signature is for, so that one made for anything else, such as a commit, counts as none of it."""
    return OVERRIDE_NAMESPACE if isinstance(statement, OverrideStatement) else APPROVAL_NAMESPACE


def subjects(digests: Mapping[str, str]) -> tuple[Subject, ...]:
    """The subjects of a statement over these files, one and the same in whatever order they are given."""
    return tuple(Subject(name=name, digest=Digest(sha256=digests[name])) for name in sorted(digests))


def encoded(statement: Statement) -> bytes:
    """The one way a statement is written: JSON with a subject on each line, so that line tools can list them."""
    raw = statement.model_dump(mode="json", by_alias=True)
    listed = ",\n".join(_json(each) for each in raw["subject"])
    return (
        f'{{"_type": {_json(raw["_type"])},\n"subject": [\n{listed}\n],\n'
        f'"predicateType": {_json(raw["predicateType"])},\n"predicate": {_json(raw["predicate"])}}}\n'
    ).encode()


def decoded(content: bytes) -> Statement:
    """The statement of some bytes; raises ValueError where they are not as `encoded` writes them."""
    statement = _STATEMENT.validate_json(content)
    if encoded(statement) != content:
        raise ValueError("the statement is not in its canonical form")
    return statement


def now() -> datetime:
    """The time, to the second, as statements have it."""
    return datetime.now(UTC).replace(microsecond=0)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
