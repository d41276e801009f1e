"""Several serving processes on one port: started, watched, replaced where they end, stopped together."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess

from proxy.errors import StartError
from proxy.eventlog import EventLog

_FORK = multiprocessing.get_context("fork")
"""Workers share what was loaded before: they start at once, and its memory is there once."""

WATCHED = frozenset({signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
STOP_SECONDS = 40.0
"""How long workers may take to stop: their own grace for requests and something more. Then they are killed."""
YOUNG_SECONDS = 5.0
"""A worker that ends before this age is one that cannot live."""
MOST_EARLY_ENDS = 5
"""After so many of those one after another the server gives up."""


class Supervisor:
    """Keeps a number of worker processes running.

    work     serves in a worker until it is stopped; it runs in a process of its own
    on_gone  told of each worker's process id once it has ended
    """

    def __init__(self, count: int, work: Callable[[], None], log: EventLog, *, on_gone: Callable[[int], None]) -> None:
        self._count = count
        self._work = work
        self._log = log
        self._on_gone = on_gone
        self._workers: dict[BaseProcess, float] = {}
        self._early_ends = 0

    def run(self, started: Callable[[], None]) -> None:
        """Start the workers, tell `started`, and return after SIGTERM or SIGINT, when all have stopped.

        SIGHUP goes on to every worker. Raises StartError where workers cannot start or live.
        """
        with _blocked():
            try:
                for _ in range(self._count):
                    self._start()
                started()
                self._watch()
            finally:
                self._stop()

    def _watch(self) -> None:
        while True:
            number = signal.sigwait(WATCHED)
            if number in (signal.SIGTERM, signal.SIGINT):
                return
            if number == signal.SIGHUP:
                self._tell(signal.SIGHUP)
            else:
                for process in self._ended():
                    self._replace(process)

    def _start(self) -> None:
        process = _FORK.Process(target=_worked, args=(self._work,))
        process.start()
        self._workers[process] = time.monotonic()

    def _ended(self) -> list[BaseProcess]:
        return [process for process in self._workers if not process.is_alive()]

    def _replace(self, process: BaseProcess) -> None:
        age, status = time.monotonic() - self._workers[process], process.exitcode
        self._log.error("worker_ended", pid=process.pid, exit_code=status, age_seconds=round(age, 3))
        self._forget(process)
        self._early_ends = self._early_ends + 1 if age < YOUNG_SECONDS else 0
        if status == 2 and age < YOUNG_SECONDS:
            raise StartError("a worker cannot start, see above")
        if self._early_ends >= MOST_EARLY_ENDS:
            raise StartError(f"{MOST_EARLY_ENDS} workers one after another ended at once; see worker_ended in the log")
        self._start()

    def _stop(self) -> None:
        self._tell(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while self._workers:
            signal.sigtimedwait({signal.SIGCHLD}, 0.2)
            if time.monotonic() > deadline:
                self._tell(signal.SIGKILL)
            for process in self._ended():
                self._forget(process)

    def _forget(self, process: BaseProcess) -> None:
        del self._workers[process]
        if process.pid is not None:
            self._on_gone(process.pid)
        process.close()

    def _tell(self, number: signal.Signals) -> None:
        for process in self._workers:
            if process.pid is not None and process.is_alive():
                os.kill(process.pid, number)


def _worked(work: Callable[[], None]) -> None:
    """What a worker's process does: its work, with the signals that the supervisor had held back."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
    try:
        work()
    except StartError as error:
        for line in str(error).splitlines():
            sys.stderr.write(f"image-proxy: {line}\n")
        raise SystemExit(2) from error


@contextmanager
def _blocked() -> Iterator[None]:
    """Signals wait to be asked for; processes that are started unblock them for themselves."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
