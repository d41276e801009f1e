"""Did the clock that stamped a log ever go back? Looked for at places spread over the file, not line by line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, NamedTuple

from checks.metrics.bisection import time_of
from checks.metrics.compression import compressed
from checks.metrics.log_format import LogFormat

STEP = timedelta(minutes=1)
"""Records that were written at once may be out of order; by more than this the clock went back."""

_WHOLE_BYTES = 256 << 10
_PLACES = 400
_LONGEST = 64 << 10


class ClockStep(NamedTuple):
    """The clock went from `after` back to `to`: what happened between the two is in the same windows twice."""

    after: datetime
    to: datetime


class Clock:
    """The clock that stamped a log, whose parts are looked at one after the other."""

    def __init__(self) -> None:
        self._latest: datetime | None = None

    def steps_back(self, path: Path, log_format: LogFormat) -> list[ClockStep]:
        """Where the time of a later record is more than a minute before that of an earlier one.

        A packed file is not looked at, and a file above 256 KiB at 400 places only: a step between two of them is
        seen where it is longer than what passed between them. Raises OSError where the file can't be read.
        """
        if compressed(path):
            return []
        found: list[ClockStep] = []
        with path.open("rb") as stream:
            for line in _lines(stream, path.stat().st_size):
                time = time_of(line.decode("utf-8", "replace"), log_format)
                if time and self._latest and time < self._latest - STEP:
                    found.append(ClockStep(self._latest, time))
                    self._latest = time
                elif time:
                    self._latest = max(self._latest or time, time)
        return found


def _lines(stream: IO[bytes], size: int) -> Iterator[bytes]:
    if size <= _WHOLE_BYTES:
        yield from stream
        return
    for place in range(_PLACES):
        stream.seek(size * place // _PLACES)
        if place:
            stream.readline(_LONGEST)
        yield stream.readline(_LONGEST)
