"""Starts a server as a process of its own, waits until it answers, and stops it whatever happens."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

START_TIMEOUT_S = 30.0
STOP_GRACE_S = 10.0


class StartError(Exception):
    """A server ended before it answered; the message is what it said."""


def free_port() -> int:
    """A port of the loopback interface that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def background(argv: Sequence[str], env: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `argv` in a process group of its own while the block runs, its output in the file `log`."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            argv, env=dict(env), stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        _end(process)


@contextmanager
def server(
    argv: Sequence[str], env: Mapping[str, str], log: Path, url: str, stop: threading.Event
) -> Iterator[subprocess.Popen[bytes]]:
    """As `background`, and enters the block once `url` answers; raises StartError where it never does."""
    with background(argv, env, log) as process:
        wait_for(process, url, log, stop)
        yield process


def wait_for(process: subprocess.Popen[bytes], url: str, log: Path, stop: threading.Event) -> None:
    """Return once `url` answers; raises StartError where the process ends before, or time runs out."""
    import httpx

    deadline = time.monotonic() + START_TIMEOUT_S
    with httpx.Client(timeout=2.0, trust_env=False) as client:
        while time.monotonic() < deadline and not stop.wait(0.05):
            if process.poll() is not None:
                said = log.read_text(errors="replace").strip()[-1500:]
                raise StartError(f"exit code {process.returncode}: {said}")
            try:
                client.get(url)
            except httpx.TransportError:
                continue
            return
    raise StartError("interrupted" if stop.is_set() else f"no answer from {url} within {START_TIMEOUT_S:.0f} s")


def _end(process: subprocess.Popen[bytes]) -> None:
    """TERM to the whole group, KILL after a grace."""
    for signal_number, grace in ((signal.SIGTERM, STOP_GRACE_S), (signal.SIGKILL, STOP_GRACE_S)):
        try:
            os.killpg(process.pid, signal_number)
        except ProcessLookupError:
            break
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            continue
        break
    process.wait()
