"""The log: one JSON object a line, whole before the answer ends. Prompts and keys are never in it."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from proxy.errors import StartError
from proxy.identity import VERSION, build


def utc(seconds: float) -> str:
    """A time in seconds since 1970 as ISO 8601 with microseconds.

    >>> utc(0.5)
    '1970-01-01T00:00:00.500000Z'
    """
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class EventLog:
    """Appends events to a file, each by one unbuffered write, so that lines of several processes never mix.

    Raises StartError where the file cannot be opened; a later failure is told on stderr and fails no request.
    """

    def __init__(self, path: Path, instance: str, log_key: bytes, *, clock: Callable[[], float]) -> None:
        self._instance = instance
        self._log_key = log_key
        self._clock = clock
        self._torn = b""
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            raise StartError(f"the log {path} cannot be written: {error.strerror}") from error

    def info(self, event: str, **fields: object) -> None:
        """Write an event that is no failure of ours."""
        self._write("INFO", event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Write an event in which our side failed."""
        self._write("ERROR", event, fields)

    def prompt_hash(self, prompt: str) -> str:
        """16 hex digits that stand for a prompt; keyed, so that a dictionary of prompts does not undo it."""
        return hmac.digest(self._log_key, prompt.encode(), hashlib.sha256).hex()[:16]

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _write(self, level: str, event: str, fields: dict[str, object]) -> None:
        record = {
            "ts": utc(self._clock()),
            "level": level,
            "event": event,
            "version": VERSION,
            "build": build(),
            "instance": self._instance,
            **fields,
        }
        # After a line that was cut short, a new line must not be joined to it.
        line = self._torn + json.dumps(record, allow_nan=False).encode() + b"\n"
        try:
            written = os.write(self._descriptor, line)
        except OSError as error:
            sys.stderr.write(f"image-proxy: an event cannot be logged: {error.strerror}\n")
        else:
            self._torn = b"" if written == len(line) else b"\n"
