"""Ctrl-C and TERM as a wish to stop, which a command honours in order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interruptible(stop: threading.Event) -> Iterator[None]:
    """Ctrl-C and TERM set `stop` while the block runs; the command ends in order, with what it has."""

    def interrupt(number: int, frame: object) -> None:
        stop.set()

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
