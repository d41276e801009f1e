"""The log: one JSON object a line, whole before the answer ends. Prompts and keys are never in it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from proxy.identity import VERSION, build
from proxy.logfile import LogFile
from proxy.prepared_event import PreparedEvent, encoded

LARGEST_FILE = 100_000_000
"""The size, in bytes, at which the file is rotated unless the settings say otherwise."""
KEPT_DAYS = 30
"""How many days rotated files are kept unless the settings say otherwise."""

Observer = Callable[[str, Mapping[str, object]], None]
"""Told of an event's name and its own fields, once it is written."""


def utc(seconds: float) -> str:
    """A time in seconds since 1970 as ISO 8601 with microseconds.

    >>> utc(0.5)
    '1970-01-01T00:00:00.500000Z'
    """
    second, microseconds = divmod(round(seconds * 1_000_000), 1_000_000)
    return f"{_to_the_second(second)}.{microseconds:06d}Z"


@lru_cache(maxsize=8)
def _to_the_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat().removesuffix("+00:00")


class EventLog:
    """Appends events to a file that is rotated by size and day.

    observers  told of every event, as the metrics are: what they count is what the log says
    Raises StartError where the file cannot be opened; a later failure is told on stderr and fails no request.
    """

    def __init__(
        self,
        path: Path,
        instance: str,
        log_key: bytes,
        *,
        clock: Callable[[], float],
        max_bytes: int = LARGEST_FILE,
        keep_days: int = KEPT_DAYS,
        observers: Sequence[Observer] = (),
    ) -> None:
        self.file = LogFile(path, max_bytes=max_bytes, keep_days=keep_days, clock=clock)
        self._instance = instance
        self._log_key = log_key
        self._clock = clock
        self._observers = tuple(observers)

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
        self.file.close()

    def prepare(self, level: str, event: str, fields: Mapping[str, object], varying: Collection[str]) -> PreparedEvent:
        """An event that will be written often; `varying` are the fields whose values come then, beside the time."""
        return PreparedEvent(self._record(level, event, fields), {"ts", *varying})

    def repeat(self, prepared: PreparedEvent, *values: bytes) -> None:
        """Write a prepared event with values in JSON; the observers are not told: they are in another way."""
        self.append(prepared.line(f'"{utc(self._clock())}"'.encode(), *values))

    def append(self, line: bytes) -> None:
        """Write a whole line."""
        self.file.append(line)

    def _record(self, level: str, event: str, fields: Mapping[str, object]) -> dict[str, object]:
        return {
            "ts": utc(self._clock()),
            "level": level,
            "event": event,
            "version": VERSION,
            "build": build(),
            "instance": self._instance,
            **fields,
        }

    def _write(self, level: str, event: str, fields: dict[str, object]) -> None:
        self.append(encoded(self._record(level, event, fields)) + b"\n")
        for observe in self._observers:
            observe(event, fields)
