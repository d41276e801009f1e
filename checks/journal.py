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

VERSION = 1


class Journal:
    """Appends events to a file, each synced; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._lock = threading.Lock()

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
            os.write(self._descriptor, line.encode())
            os.fsync(self._descriptor)


def read_journal(path: Path) -> list[dict[str, Any]]:
    """The whole events of a journal; a torn last line is left out."""
    events = []
    for line in path.read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n"):
            events.append(json.loads(line))
    return events
