"""`image-proxy serve`: a socket of its own, and one process or several that serve on it."""

from __future__ import annotations

import os
import resource
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from proxy.errors import StartError
from proxy.home import Home
from proxy.settings import Settings

MOST_FILES = 65_536
"""How many open files the process asks for; each connection takes one."""


def serve(read: Callable[[], Settings], *, faults: bool = False) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way; raises StartError where it cannot start.

    read    reads the settings; it is asked again at each reload
    faults  whether it can be told to go wrong, for drills
    """
    settings = read()
    _raise_file_limit()
    with _bound(settings.host, settings.port) as listener:
        port = listener.getsockname()[1]
        told = f"image-proxy: listening on http://{settings.host}:{port}\n"
        start = Start(settings, port, read, faults)
        if settings.workers == 1:
            start.serve(listener, ready=partial(_say, told))
        else:
            _serve_by_several(start, listener, told)


@dataclass(frozen=True, slots=True)
class Start:
    """How a process of this server begins to serve; what is heavy is loaded there.

    port  the one that is really listened on
    """

    settings: Settings
    port: int
    read: Callable[[], Settings]
    faults: bool

    def serve(
        self,
        listener: socket.socket,
        *,
        ready: Callable[[], None] = lambda: None,
        started_at: float | None = None,
        supervisor: int | None = None,
    ) -> None:
        """Make the service, tell `ready`, and serve."""
        from proxy.service import Service
        from proxy.worker import run_worker

        make: type[Service] = Service
        if self.faults:
            from proxy.faults.service import FaultyService

            make = FaultyService
        service = make(self._bound(self.settings), reread=lambda: self._bound(self.read()), started_at=started_at)
        ready()
        run_worker(service, listener, supervisor=supervisor)

    def _bound(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"port": self.port})


def _serve_by_several(start: Start, listener: socket.socket, told: str) -> None:
    from proxy.eventlog import EventLog
    from proxy.metrics_folder import forget_process, metrics_folder
    from proxy.supervisor import Supervisor

    home = Home(start.settings.home)
    home.create()
    log_key = bytes.fromhex(home.read().log_key)
    log = EventLog(home.log, start.settings.instance_name, log_key, clock=time.time)
    with metrics_folder(home.run) as folder:
        # Loaded once for all workers, and only after the folder has been named.
        import proxy.worker  # noqa: F401

        work = partial(start.serve, listener, started_at=time.time(), supervisor=os.getpid())
        supervisor = Supervisor(start.settings.workers, work, log, on_gone=partial(forget_process, folder=folder))
        supervisor.run(partial(_say, told))
    log.close()


def _say(told: str) -> None:
    sys.stderr.write(told)
    sys.stderr.flush()


def _raise_file_limit() -> None:
    """Allow as many open files as the system lets this process have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _bound(host: str, port: int) -> socket.socket:
    """A listening socket; raises StartError where the address is taken or not this machine's."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise StartError(
            f"cannot listen on {host}:{port}: {error.strerror or error}; stop what listens there, or choose another "
            "by --host and --port"
        ) from error
