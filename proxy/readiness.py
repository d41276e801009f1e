"""Whether requests can be served, and how accounts, cache and disk stand, each told apart."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LEAST_FREE_BYTES = 200_000_000
"""With less free room on the home's disk it is told as not in order: a few answers and logs more, and it is full."""


def readiness(
    accounts: Mapping[str, Any], cache: Mapping[str, Any], *, client_keys: int, home: Path, log_works: bool
) -> dict[str, Any]:
    """The body of `/readyz`.

    Accounts and client keys decide `ready`. Cache and disk don't: requests are served without them, and a balancer
    that took a server out for a full disk would take all of them out. They are told, to be watched.

    accounts, cache  the figures of `/internal/stats`
    log_works        whether the last event could be written
    """
    free = _free(home)
    serves = accounts["usable"] > 0
    return {
        "ready": serves and client_keys > 0,
        "accounts": {
            "ok": serves,
            **{name: accounts[name] for name in ("usable", "cooled")},
            "disabled": len(accounts["disabled"]),
            "rejected": accounts["rejected"],
        },
        "cache": {"ok": cache["working"], "backend": cache["backend"]},
        "disk": {"ok": log_works and (free or 0) >= LEAST_FREE_BYTES, "free_bytes": free, "log_works": log_works},
        "client_keys": client_keys,
    }


def _free(home: Path) -> int | None:
    try:
        return shutil.disk_usage(home).free
    except OSError:
        return None
