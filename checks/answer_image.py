"""The pictures in an HTTP answer: an image body, or OpenAI's `data[].b64_json` and `data[].url` with a data: URL.

A picture counts as valid when its checksums hold, up to its end, and Pillow has decoded every pixel of it; magic bytes
alone prove nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
from typing import Any, NamedTuple

from checks.units import Dimension, Quantity

MAX_PIXELS = 64_000_000
"""Largest picture that is decoded: twice the largest of the models' sizes, 6336 × 5504."""
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


class _Picture(NamedTuple):
    format: str
    width: int
    height: int
    bytes: int
    sha256: str


class _UndecodableError(Exception):
    """These bytes are no picture, and why."""


def image_properties(content: bytes, content_type: str, parsed: Any) -> dict[str, Any]:
    """What the pictures of an answer are; where there is none, `count` is 0 and `valid` false.

    `count` pictures, of which `distinct` differ; `valid` when all of them decode, else with a `reason`. `format`,
    `width` and `height` are left out where the pictures differ in them; `bytes` is the smallest picture's length.
    """
    encoded = _encoded(content, content_type, parsed)
    if not encoded:
        return {"count": 0, "valid": False, "reason": "the answer holds no picture"}
    try:
        pictures = [_decoded(each) for each in encoded]
    except _UndecodableError as problem:
        return {"count": len(encoded), "valid": False, "reason": str(problem)}
    return {
        "count": len(pictures),
        "valid": True,
        **_common([{"format": each.format, "width": each.width, "height": each.height} for each in pictures]),
        "bytes": Quantity(min(picture.bytes for picture in pictures), Dimension.SIZE),
        "distinct": len({picture.sha256 for picture in pictures}),
        "sha256": [picture.sha256 for picture in pictures],
    }


def _encoded(content: bytes, content_type: str, parsed: Any) -> list[bytes | str | None]:
    if content_type.lower().startswith("image/"):
        return [content]
    items = parsed.get("data") if isinstance(parsed, dict) else None
    if not isinstance(items, list):
        return []
    found: list[bytes | str | None] = [_payload(item) for item in items]
    return found if any(payload is not None for payload in found) else []


def _payload(item: Any) -> str | None:
    if not isinstance(item, dict):
        return None
    b64, url = item.get("b64_json"), item.get("url")
    if isinstance(b64, str):
        return b64
    if isinstance(url, str) and url.startswith("data:"):
        return url.partition(",")[2]
    return None


def _decoded(encoded: bytes | str | None) -> _Picture:
    if encoded is None:
        raise _UndecodableError("an entry of the answer holds no picture")
    if isinstance(encoded, str):
        try:
            encoded = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError) as problem:
            raise _UndecodableError(f"not base64: {problem}") from problem
    return _opened(encoded)


def _opened(raw: bytes) -> _Picture:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(raw), formats=FORMATS) as image:
            _bound(image.width, image.height)
            image.verify()
        with Image.open(io.BytesIO(raw), formats=FORMATS) as image:
            image.load()
            kind = image.format or "unknown"
            width, height = image.size
    except _UndecodableError:
        raise
    except Exception as problem:  # decoders raise whatever a damaged file leads them to
        raise _UndecodableError(f"no picture in {len(raw)} bytes: {str(problem)[:200]}") from problem
    return _Picture(kind, width, height, len(raw), hashlib.sha256(raw).hexdigest())


def _bound(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise _UndecodableError(f"{width} × {height} is more than {MAX_PIXELS} pixels")


def _common(described: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in described[0].items() if all(each[name] == value for each in described)}
