"""Equal requests as fast as they are answered, by wrk where it is there, else by threads of our own."""

import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.benchmarks.servers import Target

PATIENCE = 60
"""How many seconds an answer may take; by itself wrk calls what takes longer than two an error."""


@dataclass(frozen=True)
class Load:
    """What a load brought: answers a second, and the median time of one in milliseconds."""

    per_second: float
    median_ms: float


def load(target: Target, body: bytes, *, connections: int, seconds: float) -> Load:
    """Drive a target by POST, or by GET where the body is empty; raises RuntimeError where an answer was not 200."""
    drive = _by_wrk if shutil.which("wrk") else _by_threads
    return drive(target, body, connections, seconds)


def _by_wrk(target: Target, body: bytes, connections: int, seconds: float) -> Load:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(
            f'wrk.method = "{_method(body)}"\nwrk.body = [[{body.decode()}]]\n'
            f'wrk.headers["content-type"] = "application/json"\nwrk.headers["authorization"] = "Bearer {target.key}"\n'
        )
        script.flush()
        pace = ["-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", f"{PATIENCE}s"]
        command = ["wrk", *pace, "--latency", "-s", script.name, target.url]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(told)
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", told)
    median = re.search(r"50%\s+([0-9.]+)(us|ms|s)", told)
    if not rate or not median:
        raise RuntimeError(told)
    return Load(float(rate[1]), float(median[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[median[2]])


def _method(body: bytes) -> str:
    return "POST" if body else "GET"


def _by_threads(target: Target, body: bytes, connections: int, seconds: float) -> Load:
    times: list[float] = []
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=_drive, args=(target, body, end, times)) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Load(len(times) / seconds, statistics.median(times) * 1000)


def _drive(target: Target, body: bytes, end: float, times: list[float]) -> None:
    parts = urlsplit(target.url)
    head = (
        f"{_method(body)} {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\nauthorization: Bearer {target.key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    request = head.encode() + body
    with socket.create_connection((parts.hostname or "", parts.port or 80)) as connection:
        while time.monotonic() < end:
            begun = time.perf_counter()
            connection.sendall(request)
            _read_answer(connection)
            times.append(time.perf_counter() - begun)


def _read_answer(connection: socket.socket) -> None:
    received = bytearray()
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    header, _, rest = bytes(received).partition(b"\r\n\r\n")
    if not header.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(header.decode(errors="replace"))
    length = re.search(rb"content-length: ([0-9]+)", header, re.IGNORECASE)
    left = int(length[1]) - len(rest) if length else 0
    while left > 0:
        left -= len(connection.recv(min(left, 1 << 20)))
