"""Child processes, bounded in time and output, of which nothing stays behind."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from checks.process_session import Session

MAXIMUM_OUTPUT = 1 << 20
"""Bytes kept of each stream unless told otherwise: 1 MiB. What comes after is read and dropped."""
POLL_SECONDS = 0.02
"""How often the process's end, its time limit and a request to stop are looked at."""
CLOSED_POLL_SECONDS = 0.005
"""The same once both streams are closed: the process is about to end."""
DRAIN_SECONDS = 1.0
"""Longest time to empty the pipes when all is ended but someone beyond reach still writes to them."""
REAP_SECONDS = 5.0
"""Longest wait for the exit code of a process that has ended."""
CHUNK_BYTES = 1 << 16

ALLOWED_VARIABLES = (
    "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "USER", "LOGNAME", "SYSTEMROOT", "VIRTUAL_ENV",
    "PYTHONPYCACHEPREFIX",
)  # fmt: skip
"""What a command may know of the environment of ours: where programs are, whose home it is, language and time zone,
and where Python keeps compiled modules."""


@dataclass(frozen=True)
class ProcessResult:
    """What became of a command.

    `exit_code` is None when it did not start or was ended by a `signal`, which is then named ("SIGKILL").
    `failure` says why it could not be started or ended; `started` is False only when it never ran.
    """

    argv: tuple[str, ...]
    exit_code: int | None = None
    signal: str | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    stdout_truncated: bool = False
    stderr_truncated: bool = False
    timed_out: bool = False
    interrupted: bool = False
    duration_s: float = 0.0
    started: bool = False
    failure: str | None = None


def base_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the allowed variables that are set here, and `extra` over them."""
    return {name: os.environ[name] for name in ALLOWED_VARIABLES if name in os.environ} | dict(extra or {})


def run_process(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout_s: float,
    max_bytes: int = MAXIMUM_OUTPUT,
    stop: threading.Event | None = None,
    stdin: Path | None = None,
) -> ProcessResult:
    """Run a command to its end, its time limit, or until `stop` is set, and end whatever it leaves behind.

    `env` is its entire environment. Standard input is the file `stdin`, or closed. The command has a session of its
    own; all of the session is ended with it: asked by TERM, and killed two seconds later. A program that could not be
    started is a result with `failure`, never an exception. Only a process that opened another session outlives the
    call.
    """
    command = tuple(argv)
    if stop is not None and stop.is_set():
        return ProcessResult(command, interrupted=True, failure="stopped before it was started")
    begun = time.monotonic()
    try:
        with (stdin or Path(os.devnull)).open("rb") as read:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=dict(env),
                stdin=read,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
    except (OSError, ValueError, IndexError) as error:
        return ProcessResult(command, failure=_why_not_started(command, cwd, env, error))
    session = Session(process.pid)
    streams = _Streams(process, max_bytes)
    timed_out = interrupted = False
    try:
        while not session.leader_ended():
            interrupted = stop is not None and stop.is_set()
            timed_out = not interrupted and time.monotonic() - begun >= timeout_s
            if interrupted or timed_out:
                break
            streams.read(POLL_SECONDS)
    finally:
        left = session.end(streams.read)
        streams.finish()
        code = _reap(process)
    return ProcessResult(
        command,
        exit_code=code if code is not None and code >= 0 else None,
        signal=_signal_name(-code) if code is not None and code < 0 else None,
        stdout=bytes(streams.stdout.kept),
        stderr=bytes(streams.stderr.kept),
        stdout_truncated=streams.stdout.truncated,
        stderr_truncated=streams.stderr.truncated,
        timed_out=timed_out,
        interrupted=interrupted,
        duration_s=time.monotonic() - begun,
        started=True,
        failure=f"processes that could not be ended: {', '.join(map(str, left))}" if left else None,
    )


class _Capture:
    """One stream of a process: what is kept of it, and whether more came."""

    def __init__(self, pipe: IO[bytes] | None, limit: int) -> None:
        assert pipe is not None  # noqa: S101 - asked for when the process was started; narrows the type
        self.pipe = pipe
        self.kept = bytearray()
        self.truncated = False
        self._limit = limit

    def read(self) -> bool:
        """Take one chunk of a stream that has one; False at its end."""
        chunk = os.read(self.pipe.fileno(), CHUNK_BYTES)
        room = self._limit - len(self.kept)
        self.kept += chunk[:room]
        self.truncated = self.truncated or len(chunk) > room
        return bool(chunk)


class _Streams:
    """Both output streams of a process, read as they come."""

    def __init__(self, process: subprocess.Popen[bytes], limit: int) -> None:
        self.stdout = _Capture(process.stdout, limit)
        self.stderr = _Capture(process.stderr, limit)
        self._selector = selectors.DefaultSelector()
        for capture in (self.stdout, self.stderr):
            self._selector.register(capture.pipe, selectors.EVENT_READ, capture)

    def read(self, seconds: float) -> bool:
        """Read a chunk of each stream that has one within some seconds; False if there was none."""
        wait = seconds if self._selector.get_map() else min(seconds, CLOSED_POLL_SECONDS)
        ready = self._selector.select(wait)
        for key, _ in ready:
            if not key.data.read():
                self._selector.unregister(key.fileobj)
        return bool(ready)

    def finish(self) -> None:
        """Read what is left in the pipes, without waiting for more, and close them."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while self.read(0):
            if time.monotonic() > deadline:
                self.stdout.truncated = self.stderr.truncated = True
                break
        self._selector.close()
        self.stdout.pipe.close()
        self.stderr.pipe.close()


def _reap(process: subprocess.Popen[bytes]) -> int | None:
    """Take the exit code of a process that has ended; None if even KILL could not end it.

    A process of several threads whose first has ended can be waited for only once the others have: on a busy machine
    that takes a moment.
    """
    with suppress(subprocess.TimeoutExpired):
        return process.wait(timeout=REAP_SECONDS)
    return None


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _why_not_started(command: tuple[str, ...], cwd: Path, env: Mapping[str, str], error: Exception) -> str:
    name = command[0] if command else ""
    if not name:
        return "no command is given"
    if not cwd.is_dir():
        return f"working directory not found: {cwd}"
    if isinstance(error, FileNotFoundError):
        there = (cwd / name).exists() if "/" in name else shutil.which(name, path=env.get("PATH", os.defpath))
        return f"interpreter not found: the one that {name} names" if there else f"command not found: {name}"
    if isinstance(error, PermissionError):
        return f"not executable: {name}"
    return f"cannot be started: {name}: {error.strerror if isinstance(error, OSError) else error}"
