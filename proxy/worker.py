"""One serving process: the proxy's parts, uvicorn, a reload on SIGHUP and an orderly stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from functools import partial
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette

from proxy.allocation import keep_large_blocks
from proxy.application import build_application
from proxy.connections import BoundedConnection, ClientLimits
from proxy.service import Service

GRACE_SECONDS = 30
"""How long requests that are under way may take to finish after the signal to stop."""
LOOK_SECONDS = 1
"""How often a worker looks whether its supervisor is still there."""


def run_worker(service: Service, listener: socket.socket, *, supervisor: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way.

    supervisor  the process without which this one stops
    """
    keep_large_blocks()
    # Its warnings about broken forms are the clients' business, and are answered to them.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    # uvicorn raises the signal again once it has stopped; an orderly stop is no failure, so it ends here.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    Server(server_config(build_application(service), service.limits), service, supervisor).run(sockets=[listener])


def server_config(application: Starlette, limits: ClientLimits) -> uvicorn.Config:
    """How uvicorn serves the proxy: within the limits, and without an access log, since the proxy has its own."""
    return uvicorn.Config(
        application,
        http=cast(Any, partial(BoundedConnection, limits=limits)),
        ws="none",
        access_log=False,
        log_level="error",
        server_header=False,
        # Nobody asks who the client's machine is, so nobody is to be believed about it.
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=cast(int, limits.idle_seconds),
        timeout_notify=LOOK_SECONDS,
    )


class Server(uvicorn.Server):
    """uvicorn's server, which reloads on SIGHUP and does not outlive its supervisor."""

    def __init__(self, config: uvicorn.Config, service: Service, supervisor: int | None = None) -> None:
        super().__init__(config)
        self._service = service
        self._supervisor = supervisor
        config.callback_notify = self._look_for_supervisor

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to serve, and to listen for SIGHUP."""
        await super().startup(sockets)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._service.reload)

    async def _look_for_supervisor(self) -> None:
        if self._supervisor is not None and os.getppid() != self._supervisor:
            self.should_exit = True
