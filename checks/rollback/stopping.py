"""Stops the server that listens on a URL's port: TERM, and nothing goes on before it has ended."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from checks.rollback.action import Planned, StepError, Work

if TYPE_CHECKING:
    import psutil

POLL_S = 0.05


@dataclass(frozen=True)
class Stopping:
    """Ends whoever listens on the port of `url`; that nobody does is as good."""

    url: str

    def plan(self) -> Planned:
        """Name the processes; a URL without a port, and a listener that cannot be seen, are problems."""
        port = port_of(self.url)
        if port is None:
            return Planned(problems=(f"{self.url!r} names no port whose listener could be stopped",))
        try:
            found = _leaders(port)
        except StepError as problem:
            return Planned(problems=(str(problem),))
        if not found:
            return Planned((f"nothing: nobody listens on port {port}",))
        return Planned(
            tuple(f"send TERM to process {each.pid}, which listens on port {port}" for each in found),
        )

    def perform(self, work: Work) -> None:
        """Send TERM and wait until every listener has ended and nobody listens any more."""
        port = port_of(self.url)
        if port is None:
            raise StepError(f"{self.url!r} names no port whose listener could be stopped")
        deadline = time.monotonic() + work.timeout_s
        told: dict[int, psutil.Process] = {}
        while alive := [*{each.pid: each for each in (*_leaders(port), *told.values()) if _runs(each)}.values()]:
            work.check_wanted()
            for each in alive:
                if each.pid not in told:
                    told[each.pid] = each
                    _terminate(each)
                    work.note(f"sent TERM to process {each.pid}, which listened on port {port}")
            if time.monotonic() > deadline:
                pids = ", ".join(str(each.pid) for each in alive)
                raise StepError(
                    f"process {pids} has not ended {work.timeout_s:g} s after TERM; see why, end it by KILL if it must "
                    "be, and go on"
                )
            work.stop.wait(POLL_S)
        work.note(f"nobody listens on port {port}")


def port_of(url: str) -> int | None:
    """The port that a URL names; None where it names none that there can be."""
    try:
        return urlsplit(url).port
    except ValueError:
        return None


def is_listened_on(url: str) -> bool:
    """Whether somebody listens on the port of `url`; raises StepError where their process cannot be seen."""
    port = port_of(url)
    return port is not None and bool(_leaders(port))


def _leaders(port: int) -> list[psutil.Process]:
    """The listeners on a port that no other listener started: workers end with their supervisor."""
    import psutil

    from checks.kinds.port import listeners

    found = listeners(port)
    if any(each.pid is None for each in found):
        raise StepError(f"somebody listens on port {port} whose process cannot be seen; go on as its user, or as root")
    pids = {each.pid for each in found if each.pid is not None}
    processes = []
    for pid in sorted(pids):
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if process.ppid() not in pids:
                processes.append(process)
    return processes


def _runs(process: psutil.Process) -> bool:
    import psutil

    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _terminate(process: psutil.Process) -> None:
    import psutil

    try:
        process.terminate()
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as cause:
        raise StepError(f"process {process.pid} is another user's; go on as that user, or as root") from cause
