"""`image-proxy simulate`: run the simulated service until it is told to stop."""

import signal
import socket
import sys
from types import FrameType
from typing import NoReturn

import uvicorn
from pydantic import ValidationError

from proxy.simulator.app import create_app
from proxy.simulator.behaviour import Behaviour
from proxy.simulator.connection import ResettableProtocol

_GRACE_S = 2
_WAITING_CONNECTIONS = 2048


class AnnouncingServer(uvicorn.Server):
    """A server that says on stderr where it listens, once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then print one line."""
        await super().startup(sockets)
        for listener in sockets or []:
            print(f"simulating Gemini on {_address(listener)}", file=sys.stderr, flush=True)  # noqa: T201 — its output


def simulate(host: str, port: int, **settings: object) -> None:
    """Serve on `host` and `port` (0 picks a free one) until SIGTERM or SIGINT, then finish what is under way.

    `settings` are the members of Behaviour.

    Raises SystemExit: 0 after a signal; 2 with one message for a setting out of range or an address that cannot be had.
    """
    try:
        behaviour = Behaviour.model_validate(settings)
        listener = _listen(host, port)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        _give_up(f"{first['loc'][0]}: {first['msg']}")
    except OSError as error:
        _give_up(f"cannot listen on {host}:{port}: {error.strerror}; free the port or choose another with --port")
    config = uvicorn.Config(
        create_app(behaviour),
        http=ResettableProtocol,
        ws="none",
        lifespan="off",
        log_level="error",
        access_log=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, _stop)
    AnnouncingServer(config).run([listener])


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_WAITING_CONNECTIONS)
    except OSError:
        listener.close()
        raise
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _stop(_signal_number: int, _frame: FrameType | None) -> NoReturn:
    """What a signal does once the server has ended, which hands it on."""
    raise SystemExit(0)


def _give_up(message: str) -> NoReturn:
    print(f"image-proxy simulate: {message}", file=sys.stderr)  # noqa: T201 — the command's message
    raise SystemExit(2)
