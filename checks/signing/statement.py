"""What is signed: an in-toto Statement v1 over a run's files, with what the signer says of them.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer

STATEMENT_TYPE: Literal["https://in-toto.io/Statement/v1"] = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Literal["urn:signoff:approval:v1"] = "urn:signoff:approval:v1"
LONGEST_COMMENT = 4000

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


class Approval(_Part):
    """What the signer says: in which role, yes or no, and why; `verdict` and `scope` are what was there to be read."""

    run_id: str
    release: str
    verdict: str
    scope: str
    role: str
    decision: Literal["approve", "reject"]
    comment: str = Field(max_length=LONGEST_COMMENT)
    signed_at: Moment


class Statement(_Part):
    """The statement; its bytes, as `encoded` writes them, are what is signed."""

    type_: Literal["https://in-toto.io/Statement/v1"] = Field(default=STATEMENT_TYPE, alias="_type")
    subject: tuple[Subject, ...]
    predicate_type: Literal["urn:signoff:approval:v1"] = Field(default=PREDICATE_TYPE, alias="predicateType")
    predicate: Approval

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 by path."""
        return {each.name: each.digest.sha256 for each in self.subject}


def state(digests: Mapping[str, str], approval: Approval) -> Statement:
    """The statement over these files, which is one and the same in whatever order they are given."""
    subject = tuple(Subject(name=name, digest=Digest(sha256=digests[name])) for name in sorted(digests))
    return Statement(subject=subject, predicate=approval)


def encoded(statement: Statement) -> bytes:
    """The one way a statement is written: JSON with a subject on each line, so that line tools can list them."""
    raw = statement.model_dump(mode="json", by_alias=True)
    subjects = ",\n".join(_json(each) for each in raw["subject"])
    return (
        f'{{"_type": {_json(raw["_type"])},\n"subject": [\n{subjects}\n],\n'
        f'"predicateType": {_json(raw["predicateType"])},\n"predicate": {_json(raw["predicate"])}}}\n'
    ).encode()


def decoded(content: bytes) -> Statement:
    """The statement of some bytes; raises ValueError where they are not as `encoded` writes them."""
    statement = Statement.model_validate_json(content)
    if encoded(statement) != content:
        raise ValueError("the statement is not in its canonical form")
    return statement


def now() -> datetime:
    """The time, to the second, as statements have it."""
    return datetime.now(UTC).replace(microsecond=0)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
