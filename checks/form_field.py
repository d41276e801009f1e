"""What a field of a multipart form holds: a text, a file, or a small picture made on the spot."""

from __future__ import annotations

import io
from collections.abc import Mapping

from pydantic import Field, model_validator

from checks.check import Context, Model
from checks.contents import UnreadableError, read_bounded
from checks.http_exchange import Unsendable

MAX_UPLOAD_BYTES = 64 << 20
"""Largest file that a multipart field sends."""

Part = tuple[str, tuple[str | None, str | bytes]]
"""A field's name, and its file name (None of a text) with its content, as httpx takes it."""


class Picture(Model):
    """A small PNG made for the request; equal values give equal bytes."""

    width: int = Field(ge=1, le=2048)
    height: int = Field(ge=1, le=2048)
    seed: int = Field(default=0, ge=0, le=255, description="Another seed, another picture of the same size.")


class Upload(Model):
    """What a multipart field holds when it is not text: a file, or a picture made on the spot."""

    file: str | None = Field(default=None, description="Path, relative to the checklist's folder.")
    png: Picture | None = Field(default=None, description="`{width, height, seed}`")

    @model_validator(mode="after")
    def _one_source(self) -> Upload:
        if (self.file is None) == (self.png is None):
            raise ValueError("a multipart field takes text, or `file: PATH`, or `png: {width, height}`")
        return self


def parts_of(fields: Mapping[str, str | Upload], context: Context) -> list[Part]:
    """The fields as they are sent; raises Unsendable for a file that cannot be read."""
    return [(name, _content(value, context)) for name, value in fields.items()]


def _content(value: str | Upload, context: Context) -> tuple[str | None, str | bytes]:
    if isinstance(value, str):
        return None, value
    if value.png is not None:
        return "picture.png", _png(value.png)
    path = context.path(value.file or "")
    try:
        return path.name, read_bounded(path, MAX_UPLOAD_BYTES)
    except UnreadableError as problem:
        raise Unsendable(str(problem)) from problem


def _png(picture: Picture) -> bytes:
    from PIL import Image

    gradient = Image.linear_gradient("L").resize((picture.width, picture.height))
    image = Image.merge("RGB", (gradient, gradient.rotate(180), gradient.point(lambda level: level ^ picture.seed)))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
