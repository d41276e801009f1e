"""The append-only record of a run: one JSON object a line, on disk before the run goes on.

A run that is killed leaves a journal whose last line may be torn and whose other lines are whole.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from checks.errors import SignoffError

VERSION = 2
"""2 since a run can be continued; 1 did not say what each result was of."""
MAX_BYTES = 256 << 20


class JournalError(SignoffError):
    """A journal cannot be read; the message names the file, the line, what is wrong, and the remedy."""


class Journal:
    """Appends events to a file, each synced; safe to use from several threads. A torn last line is cut off first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._lock = threading.Lock()
        content = os.pread(self._descriptor, MAX_BYTES, 0)
        self._end = content.rfind(b"\n") + 1
        if self._end < len(content):
            os.ftruncate(self._descriptor, self._end)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def append(self, event: str, facts: Mapping[str, Any]) -> None:
        """Write one event with the time it happened."""
        record = {"journal": VERSION, "ts": datetime.now(UTC).isoformat(), "event": event, **facts}
        line = json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n"
        with self._lock:
            self._write(line.encode())

    def _write(self, line: bytes) -> None:
        """Put a whole line on disk; of one that does not fit, nothing is left and OSError names the file."""
        written = 0
        try:
            while written < len(line):
                written += os.write(self._descriptor, line[written:])
            os.fsync(self._descriptor)
        except OSError as cause:
            os.ftruncate(self._descriptor, self._end)
            raise OSError(cause.errno, cause.strerror, str(self._path)) from cause
        self._end += written


def read_journal(path: Path) -> list[dict[str, Any]]:
    """The whole events of a journal; a torn last line is left out.

    Raises JournalError where there is none, where it is of another version, or where a line is no event.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as cause:
        remedy = "name the folder of a run, such as signoff-runs/<UTC>-<nonce>"
        raise JournalError(f"{path}: cannot be read: {cause.strerror}; {remedy}") from cause
    if len(content) > MAX_BYTES:
        raise JournalError(f"{path}: has more than {MAX_BYTES >> 20} MiB; no run writes one so large")
    lines = content.split(b"\n")[:-1]
    return [_event(path, number, line) for number, line in enumerate(lines, start=1)]


def _event(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError as cause:
        raise JournalError(f"{path}:{number}: is not JSON: {cause}; run the checklist again") from cause
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        raise JournalError(f"{path}:{number}: is no event of a run; run the checklist again")
    if event.get("journal") != VERSION:
        told = f"is of version {event.get('journal')!r} of the journal, and this signoff reads {VERSION}"
        raise JournalError(f"{path}:{number}: {told}; use the signoff that wrote it, or run the checklist again")
    return event
