"""One complete HTTP answer, and the properties of it that a check compares."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from checks.answer_image import image_properties
from checks.judgement import Truncated
from checks.outcome import Evidence
from checks.query import parse_json
from checks.units import Dimension, Quantity

MAX_BODY_TEXT = 1 << 20
"""Bytes up to which a body is compared as text; of a longer one nothing is judged by its text."""
MAX_STRING = 4096
"""Longer strings of a JSON body, such as a picture, are stored and compared as their length and digest."""

RESPONSE_PROPERTIES = {
    "status": "the status code",
    "headers": "name (lower case) to value",
    "json": "the body as JSON; strings above 4096 characters as their length and SHA-256; null where it is not JSON",
    "body": "the body as text, up to 1 MiB",
    "body_sha256": "SHA-256 of the body, hexadecimal",
    "bytes": "length of the body, decoded",
    "image": "the pictures in the answer: count, valid, format, width, height, bytes, distinct, sha256",
    "tls": "version of the protocol; expires_in, seconds until the certificate expires; null without TLS",
    "latency": "seconds from sending to the last byte",
}

WHEN_ASKED = frozenset({"json", "body", "tls"})
"""Properties that are observed only where they are expected: long ones, which the evidence has, and rare ones."""


@dataclass(frozen=True)
class Response:
    """Status, headers (names in lower case), decoded body, and the seconds it took to the last byte."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    latency_s: float
    tls: Mapping[str, Any] | None = None

    @cached_property
    def sha256(self) -> str:
        """Digest of the body."""
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def parsed(self) -> Any:
        """The body as JSON, complete; None where it is not JSON."""
        try:
            return parse_json(self.content)
        except ValueError:
            return None

    @property
    def body(self) -> str | Truncated:
        """The body as text, unless it is too long to compare."""
        if len(self.content) > MAX_BODY_TEXT:
            return Truncated(f"the body has {len(self.content)} bytes, and text is compared up to {MAX_BODY_TEXT}")
        return self.content.decode("utf-8", "replace")

    @cached_property
    def properties(self) -> dict[str, Any]:
        """What a check may compare, by the names of RESPONSE_PROPERTIES."""
        return {
            "status": self.status,
            "headers": dict(self.headers),
            "json": _shortened(self.parsed),
            "body": self.body,
            "body_sha256": self.sha256,
            "bytes": Quantity(len(self.content), Dimension.SIZE),
            "image": image_properties(self.content, self.headers.get("content-type", ""), self.parsed),
            "tls": self.tls,
            "latency": Quantity(self.latency_s, Dimension.TIME),
        }

    def chosen(self, asked: Collection[str]) -> dict[str, Any]:
        """The properties, but for those of WHEN_ASKED unless they are asked for."""
        return {name: value for name, value in self.properties.items() if name not in WHEN_ASKED or name in asked}

    def evidence(self, name: str) -> Evidence:
        """What was answered, without the bytes of pictures."""
        parsed = self.parsed
        told = {
            "status": self.status,
            "headers": dict(self.headers),
            "latency_s": round(self.latency_s, 6),
            "bytes": len(self.content),
            "body_sha256": self.sha256,
            "body": self.content[:MAX_STRING].decode("utf-8", "replace") if parsed is None else _shortened(parsed),
        }
        return Evidence(name, json.dumps(told, indent=1, ensure_ascii=False).encode("utf-8", "replace"))


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shortened(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shortened(inner) for inner in value]
    if isinstance(value, str) and len(value) > MAX_STRING:
        digest = hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()
        return f"({len(value)} characters, SHA-256 {digest})"
    return value
