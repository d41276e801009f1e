"""`signoff logs --follow`: a line for each window that has closed, until interrupted or until `--until`."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from checks.metrics.checkpoint import read_checkpoint, write_checkpoint
from checks.metrics.following import Follower
from checks.metrics.summary import window_summary
from signoff.commands.logs_question import Question

STEP_S = 5.0
"""Seconds between two looks at the files."""

Wait = Callable[[float], object]


def follow(
    asked: Question, checkpoint: Path | None, stream: IO[str], *, as_json: bool, wait: Wait | None = None
) -> None:
    """Follow the logs that were asked for. A window is told when a later one has begun, or its time is over.

    Raises ValueError where something else than files is asked for, LogSourceError where a file or the checkpoint
    can't be read.
    """
    if asked.prometheus or not asked.paths or any(path == "-" or "::" in path for path in asked.paths):
        raise ValueError("--follow: name log files or patterns, and nothing else")
    follower = Follower(asked.paths, asked.log_format, asked.window_s, asked.by, asked.since)
    kept = read_checkpoint(checkpoint) if checkpoint else None
    if kept:
        follower.resume(kept)
    told = max(follower.table.by_window, default=0) - asked.window_s
    wait = wait or threading.Event().wait
    try:
        while True:
            now = datetime.now(UTC)
            follower.step(now)
            if checkpoint:
                write_checkpoint(follower.checkpoint(), checkpoint)
            told = _tell(follower, told, now, stream, as_json)
            if asked.until and now >= asked.until:
                return
            wait(STEP_S)
    finally:
        follower.close()


def _tell(follower: Follower, told: int, now: datetime, stream: IO[str], as_json: bool) -> int:
    windows = follower.table.by_window
    latest = max(windows, default=0)
    for start, sums in windows.items():
        over = start < latest or start + follower.window_s + STEP_S < now.timestamp()
        if start > told and over:
            told = start
            window = window_summary(start, follower.window_s, sums)
            stream.write(f"{json.dumps(window) if as_json else _line(window)}\n")
    stream.flush()
    return told


def _line(window: dict[str, Any]) -> str:
    rates = (
        f"hit rate {_share(window['hits'], window['lookups'])}  errors {_share(window['errors'], window['requests'])}"
    )
    latency = f"p50 {_ms(window['p50_ms'])}  p95 {_ms(window['p95_ms'])}"
    return f"{window['start']}  {window['requests']:>6} requests  {rates}  {latency}"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:7.2%}" if whole else "unknown"


def _ms(value: float | None) -> str:
    return f"{value:9.1f} ms" if value is not None else "     unknown"
