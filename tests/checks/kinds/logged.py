"""Log files of the image proxy as the tests of `log` and `metric` need them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

PROXY_VERSION = "v3.3.20"


def request(at: datetime, number: int = 0, **fields: Any) -> dict[str, Any]:
    """One event of one request, as the image proxy writes it; `fields` stand in the place of the usual ones."""
    return {
        "ts": at.isoformat().replace("+00:00", "Z"),
        "level": "INFO",
        "event": "image_request",
        "version": PROXY_VERSION,
        "build": "0123456789ab",
        "instance": "127.0.0.1:8045",
        "synthetic": False,
        "request_id": f"r-{at.timestamp():.6f}-{number}",
        "prompt_hash": "0123456789abcdef",
        "n": 1,
        "images": 1,
        "cache": "miss",
        "status": 200,
        "error_type": None,
        "error_code": None,
        "generation_time_ms": 300.0,
        "duration_ms": 310.0,
        **fields,
    }


def every_second(start: datetime, many: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Requests one second apart from `start` on, each with its own fields."""
    return [request(start + timedelta(seconds=place), place, **fields) for place, fields in enumerate(many)]


def write(path: Path, events: Iterable[dict[str, Any]]) -> Path:
    """Write a log of these events, one JSON object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(event)}\n" for event in events))
    return path
