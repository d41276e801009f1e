"""An answer as one value: a line of JSON with its facts, then its body as it is."""

from __future__ import annotations

import hashlib
import json

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from proxy.cache.protocol import Entry

LONGEST_HEADER = 1024
"""The most bytes of the first line, its end included."""


class Header(BaseModel):
    """The facts of an answer; `sha256` is that of the body."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    sha256: str
    images: int = Field(ge=1)
    model: str
    prompt_hash: str
    created_at: float


class RecordError(ValueError):
    """A value that is no whole answer; the message says why."""


def write_record(entry: Entry) -> bytes:
    """An answer as one value."""
    header = {
        "sha256": hashlib.sha256(entry.body).hexdigest(),
        "images": entry.images,
        "model": entry.model,
        "prompt_hash": entry.prompt_hash,
        "created_at": entry.created_at,
    }
    return json.dumps(header).encode() + b"\n" + entry.body


def read_header(start: bytes) -> Header:
    """The facts of the answer whose value begins so; raises RecordError."""
    line, end, _ = start[:LONGEST_HEADER].partition(b"\n")
    try:
        found = Header.model_validate_json(line)
    except ValidationError as error:
        raise RecordError("its header cannot be read") from error
    if not end:
        raise RecordError("its header has no end")
    return found


def read_record(value: bytes) -> Entry:
    """The answer, whose body has the digest that its header names; raises RecordError."""
    header = read_header(value)
    body = value[value.index(b"\n") + 1 :]
    if hashlib.sha256(body).hexdigest() != header.sha256:
        raise RecordError("its content has changed")
    return Entry(body, header.images, header.model, header.prompt_hash, header.created_at)
