"""Did the clock that stamped a log ever go back? Looked for at places spread over the file, not line by line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import IO

from checks.metrics.bisection import time_of
from checks.metrics.compression import compressed
from checks.metrics.log_format import LogFormat

STEP = timedelta(minutes=1)
"""Records that were written at once may be out of order; by more than this the clock went back."""

_WHOLE_BYTES = 256 << 10
_PLACES = 400
_LONGEST = 64 << 10


def steps_back(path: Path, log_format: LogFormat) -> int:
    """Count how often the time of a later record is more than a minute before that of an earlier one.

    A packed file is not looked at, and a file above 256 KiB at 400 places only: a step between two of them is seen
    where it is longer than what passed between them. Raises OSError where the file can't be read.
    """
    if compressed(path):
        return 0
    count, latest = 0, None
    with path.open("rb") as stream:
        for line in _lines(stream, path.stat().st_size):
            time = time_of(line.decode("utf-8", "replace"), log_format)
            if time and latest and time < latest - STEP:
                count += 1
                latest = time
            elif time:
                latest = max(latest or time, time)
    return count


def _lines(stream: IO[bytes], size: int) -> Iterator[bytes]:
    if size <= _WHOLE_BYTES:
        yield from stream
        return
    for place in range(_PLACES):
        stream.seek(size * place // _PLACES)
        if place:
            stream.readline(_LONGEST)
        yield stream.readline(_LONGEST)
