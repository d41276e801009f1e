"""Servers that benchmarks start on free ports, in folders of their own, and stop whatever happens."""

import base64
import io
import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from proxy.home import initialise

BIN = Path(sys.executable).parent
START_SECONDS = 20


@dataclass(frozen=True)
class Target:
    """Where a benchmark's POST goes."""

    url: str
    key: str = "none"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def png_of(size: int) -> bytes:
    """A PNG of noise with about so many bytes."""
    side = max(1, round((size / 3) ** 0.5))
    buffer = io.BytesIO()
    Image.frombytes("RGB", (side, side), random.Random(0).randbytes(side * side * 3)).save(buffer, "PNG")
    return buffer.getvalue()


def gemini_answer(png: bytes) -> bytes:
    part = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(png).decode()}}
    return json.dumps({"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]}).encode()


@contextmanager
def started(command: Sequence[str], port: int, **variables: str) -> Generator[None, None, None]:
    """A process that listens on a port."""
    process = subprocess.Popen(command, env=os.environ | variables)
    try:
        _await_port(process, port)
        yield
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def plain_server(folder: Path, name: str, body: bytes) -> Generator[Target, None, None]:
    """Bare Starlette with one body in memory."""
    path, port = folder / name, free_port()
    path.write_bytes(body)
    with started([sys.executable, "-m", "tests.benchmarks.plain_server", str(port), str(path)], port):
        yield Target(f"http://127.0.0.1:{port}/v1/images/generations")


@contextmanager
def image_proxy(folder: Path, upstream: Target, **variables: str) -> Generator[Target, None, None]:
    """Our proxy with one worker, on a home of its own."""
    home, key = initialise(folder / "home")
    port = free_port()
    host = upstream.url.removesuffix("/v1/images/generations")
    command = [str(BIN / "image-proxy"), "serve", "--home", str(home), "--port", str(port), "--upstream", host]
    with started(command, port, **variables):
        yield Target(f"http://127.0.0.1:{port}/v1/images/generations", key)


def post(target: Target, body: bytes) -> tuple[bytes, dict[str, str]]:
    """One POST: body and headers of the answer."""
    headers = {"authorization": f"Bearer {target.key}", "content-type": "application/json"}
    request = urllib.request.Request(target.url, body, headers, method="POST")  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return answer.read(), {name.lower(): value for name, value in answer.headers.items()}


def _await_port(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"{process.args!r} does not listen")
