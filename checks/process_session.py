"""A child process and all that shares its session, ended together."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import psutil

GRACE_SECONDS = 2.0
"""Time between TERM and KILL, and the longest wait for what was killed to be gone."""
POLL_SECONDS = 0.02


class Session:
    """The session that a child process leads.

    The session and not only the process group: `timeout`, and shells with job control, put their children in
    groups of their own. The leader must not be waited for before `end`, so that its number cannot be given to a
    stranger meanwhile.
    """

    def __init__(self, leader: int) -> None:
        self._leader = leader

    def leader_ended(self) -> bool:
        """Whether the leader has exited; it is a zombie then, until it is waited for."""
        return not _alive(self._leader)

    def members(self) -> list[int]:
        """List the live processes of the session, the leader first: it ends by the signal, not by a child's end."""
        return sorted(filter(_alive, self._numbers()), key=lambda pid: pid != self._leader)

    def end(self, meanwhile: Callable[[float], object]) -> list[int]:
        """End every member: TERM, and KILL after the grace; return those that are still there.

        `meanwhile` is called with a number of seconds to spend while waiting, so that the members' output is read.
        """
        members = self.members()
        for number in (signal.SIGTERM, signal.SIGKILL):
            deadline = time.monotonic() + GRACE_SECONDS
            signalled: set[int] = set()
            while members and time.monotonic() < deadline:
                for pid in [member for member in members if member not in signalled]:
                    with suppress(ProcessLookupError, PermissionError):
                        os.kill(pid, number)
                signalled.update(members)
                meanwhile(POLL_SECONDS)
                members = self.members()
        return members

    def _numbers(self) -> Iterator[int]:
        for pid in psutil.pids():
            with suppress(OSError):
                if os.getsid(pid) == self._leader:
                    yield pid


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.Error:
        return False
