"""One question to a SQLite database, put where the database is: a copy of its file alone could be half of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from checks.contents import is_there
from checks.database import asked

SENT = ("checks.contents", "checks.database")
"""The modules that this one needs where it is sent."""


def answer(path: str, query: str | None, within_s: float) -> dict[str, Any] | None:
    """What `database.asked` says; None where there is no such file."""
    deadline = time.monotonic() + within_s
    named = Path(path).expanduser()
    return asked(named, query, lambda: time.monotonic() > deadline) if is_there(named) else None
