"""The process that serves: a socket of its own, uvicorn, and an orderly stop."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from collections.abc import Callable

import uvicorn

from proxy.application import build_application
from proxy.errors import StartError
from proxy.service import Service
from proxy.settings import Settings

GRACE_SECONDS = 30
"""How long requests that are under way may take to finish after the signal to stop."""
IDLE_SECONDS = 75
"""How long a connection without a request is kept."""


def serve(settings: Settings, make: Callable[[Settings], Service] = Service) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way; raises StartError where it cannot start.

    make  makes the service that is served
    """
    with _bound(settings.host, settings.port) as listener:
        port = listener.getsockname()[1]
        service = make(settings.model_copy(update={"port": port}))
        config = uvicorn.Config(
            build_application(service),
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_keep_alive=IDLE_SECONDS,
        )
        # Its warnings about broken forms are the clients' business, and are answered to them.
        logging.getLogger("python_multipart").setLevel(logging.ERROR)
        # uvicorn raises the signal again once it has stopped; an orderly stop is no failure, so it ends here.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        sys.stderr.write(f"image-proxy: listening on http://{settings.host}:{port}\n")
        sys.stderr.flush()
        uvicorn.Server(config).run(sockets=[listener])


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
