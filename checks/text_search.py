"""Searching files for a text that must not be in them, in every writing in which programs store it."""

from __future__ import annotations

import gzip
import secrets
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

from checks.contents import CHUNK_BYTES, UnreadableError, open_regular
from checks.redaction import Redactor

_GZIP = b"\x1f\x8b"
_LONGEST_WRITING = 24
"""Bytes that one byte of a text may take when it is escaped several times over."""


class SearchStoppedError(Exception):
    """The search was stopped before its end, so nothing can be said."""


def occurrences(text: str, path: Path, stop: threading.Event) -> int:
    """How often `text` stands in a file: as it is, escaped as in JSON, HTML or URLs, or in base64.

    Files compressed by gzip are read unpacked. A text that a database has split over pages is not found, so search
    for short ones. Memory is bounded by a few MiB. Raises UnreadableError and SearchStoppedError, and ValueError for a
    text of fewer than four characters.
    """
    redactor = Redactor({secrets.token_hex(16): text})
    mark = redactor.data(text.encode("utf-8", "surrogatepass"))
    overlap = _LONGEST_WRITING * len(text.encode("utf-8", "surrogatepass"))
    found = 0
    carried = b""
    for chunk in _unpacked(path):
        if stop.is_set():
            raise SearchStoppedError(f"stopped while searching {path}")
        searched = redactor.data(carried + chunk)
        found += searched.count(mark)
        carried = searched.replace(mark, b"\0")[-overlap:]
    return found


def _unpacked(path: Path) -> Iterator[bytes]:
    with open_regular(path) as file:
        try:
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            stream = gzip.GzipFile(fileobj=file) if packed else file
            while chunk := stream.read(CHUNK_BYTES):
                yield chunk
        except (OSError, EOFError, zlib.error) as problem:
            raise UnreadableError(f"{path}: {problem}") from problem
