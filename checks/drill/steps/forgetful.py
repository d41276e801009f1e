"""A service that speaks Redis's protocol and keeps nothing, as one does whose memory is too small for an answer."""

from __future__ import annotations

import socketserver
import threading
from io import BufferedIOBase

from checks.drill.place import Place
from checks.drill.steps.step import Step

INFO = b"# Memory\r\nused_memory:1000000\r\n# Stats\r\nevicted_keys:100\r\n"
MOST_PARTS = 100
MOST_BYTES = 64 << 20


class ForgetfulRedis(Step):
    """Let the server keep its answers there; every one is gone when it is asked for. Counts before the start."""

    def apply(self, place: Place) -> None:
        """Listen, until the place is left."""
        service = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Conversation)
        service.daemon_threads = True
        threading.Thread(target=service.serve_forever, args=(0.05,), name="forgetful redis", daemon=True).start()
        place.undo.callback(service.server_close)
        place.undo.callback(service.shutdown)
        place.environment["CACHE_BACKEND"] = "redis"
        place.environment["IMAGE_PROXY_REDIS_URL"] = f"redis://127.0.0.1:{service.server_address[1]}/0"


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while command := _command(self.rfile):
            self.wfile.write(_answer(command[0].upper()))


def _command(stream: BufferedIOBase) -> list[bytes]:
    """The parts of the next command; none where the client is gone or does not speak the protocol."""
    head = stream.readline()
    if not head.startswith(b"*"):
        return []
    parts = []
    for _ in range(min(int(head[1:]), MOST_PARTS)):
        size = min(int(stream.readline()[1:]), MOST_BYTES)
        parts.append(stream.read(size))
        stream.read(2)
    return parts


def _answer(name: bytes) -> bytes:
    match name:
        case b"GET":
            return b"$-1\r\n"
        case b"DBSIZE" | b"DEL" | b"EVAL":
            return b":0\r\n"
        case b"INFO":
            return b"$%d\r\n%b\r\n" % (len(INFO), INFO)
        case b"PING":
            return b"+PONG\r\n"
    return b"+OK\r\n"


FORGETFUL_STEPS: dict[str, type[Step]] = {"forgetful_redis": ForgetfulRedis}
