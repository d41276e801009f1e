"""The journal of a watch: a JSON line a round, which the next watch goes on from."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from checks.rollback.rounds import Round

_LAST_BYTES = 1 << 20


def append(journal: Path, found: Round) -> None:
    """Write a round at the end; raises OSError where that fails."""
    with journal.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(found.as_json(), allow_nan=False) + "\n")


def last_round(journal: Path) -> dict[str, Any] | None:
    """The last round that was written whole, as JSON; None where there is none. Raises OSError as reading does."""
    if not journal.exists():
        return None
    with journal.open("rb") as stream:
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - _LAST_BYTES))
        lines = stream.read().splitlines()
    for line in reversed(lines):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and "verdict" in found and isinstance(found.get("criteria"), list):
            return found
    return None


def states(entry: dict[str, Any] | None) -> dict[str, str]:
    """The states of a round's criteria, by id."""
    return {str(each["id"]): str(each["state"]) for each in (entry or {}).get("criteria", ()) if "state" in each}
