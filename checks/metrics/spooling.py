"""What can be read only once is kept in a temporary file while it is counted."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import IO

from checks.metrics.errors import LogSourceError

_BLOCK = 1 << 20


def spool_stream(stream: IO[bytes], spool: Path) -> Path:
    """Copy a stream to its end; raises LogSourceError where reading or writing fails."""
    try:
        with spool.open("wb") as file:
            shutil.copyfileobj(stream, file, _BLOCK)
    except OSError as error:
        problem = f"it can't be kept in {spool.parent} ({error})"
        raise LogSourceError("standard input", problem, "free disk space, or set TMPDIR") from error
    return spool
