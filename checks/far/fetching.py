"""Files of an instance brought here, for kinds that read them with what is installed here."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from typing import Any

from checks.contents import UnreadableError, read_bounded
from checks.wildcards import matching

SENT = ("checks.contents", "checks.wildcards")
"""The modules that this one needs where it is sent."""
MAXIMUM_FETCHED = 64 << 20
"""Most bytes of files that are brought at once: 64 MiB."""


def answer(patterns: list[str]) -> list[dict[str, Any]]:
    """The files that match, each with its path and its content, compressed and in base64; raises UnreadableError."""
    left = MAXIMUM_FETCHED
    told = []
    for pattern in patterns:
        try:
            found = [each for each in matching(Path(pattern).expanduser()) if each.is_file()]
        except FileNotFoundError:
            found = []
        if not found:
            raise UnreadableError(f"{pattern}: no file matches this")
        for path in found:
            content = read_bounded(path, left)
            left -= len(content)
            told.append({"path": str(path), "content": base64.b64encode(zlib.compress(content, 1)).decode()})
    return told
