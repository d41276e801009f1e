"""The real process: started by its command, spoken to over HTTP, stopped by a signal."""

from __future__ import annotations

import json
import re
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from proxy.home import initialise
from tests.proxy.conftest import drawn
from tests.proxy.processes import run, served


class _SlowUpstream(ThreadingHTTPServer):
    """An upstream that answers when it is released."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _SlowAnswer)
        self.asked, self.released = threading.Event(), threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _SlowAnswer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, _SlowUpstream)
        self.rfile.read(int(self.headers["content-length"]))
        self.server.asked.set()
        self.server.released.wait(timeout=20)
        content = drawn().content
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Write nothing."""


@contextmanager
def _slow_upstream() -> Iterator[_SlowUpstream]:
    with _SlowUpstream() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_server_serves_and_stops_in_an_orderly_way(number: signal.Signals, tmp_path: Path) -> None:
    _, key = initialise(tmp_path / "home")
    with served(tmp_path / "home") as server:
        health = httpx.get(f"{server.url}/healthz", timeout=10).json()
        response = httpx.post(
            f"{server.url}/v1/images/generations",
            json={"prompt": "a kite"},
            headers={"authorization": f"Bearer {key}"},
            timeout=10,
        )
        server.process.send_signal(number)

        assert server.process.wait(timeout=20) == 0

    assert health["instance"] == server.url.removeprefix("http://")
    assert (response.status_code, response.json()["error"]["code"]) == (502, "upstream_unreachable")
    log = (tmp_path / "home" / "logs" / "image-proxy.jsonl").read_text().splitlines()
    names = [json.loads(line)["event"] for line in log]
    assert names == ["server_started", "upstream_failure", "upstream_failure", "image_request", "server_stopped"]
    assert "/v1/images" not in log[0]


def test_request_that_is_under_way_is_finished_after_the_signal(tmp_path: Path) -> None:
    _, key = initialise(tmp_path / "home")
    with (
        _slow_upstream() as upstream,
        served(tmp_path / "home", upstream=upstream.url) as server,
        ThreadPoolExecutor() as pool,
    ):
        answer = pool.submit(
            httpx.post,
            f"{server.url}/v1/images/generations",
            json={"prompt": "a kite"},
            headers={"authorization": f"Bearer {key}"},
            timeout=30,
        )
        assert upstream.asked.wait(timeout=20)
        server.process.send_signal(signal.SIGTERM)
        upstream.released.set()

        assert answer.result(timeout=20).status_code == 200
        assert server.process.wait(timeout=20) == 0


def test_init_prints_the_key_alone_on_stdout(tmp_path: Path) -> None:
    result = run("init", "--home", str(tmp_path / "home"))

    assert re.fullmatch(r"sk-[A-Za-z0-9_-]{43}\n", result.stdout)
    assert result.returncode == 0
    again = run("init", "--home", str(tmp_path / "home"))
    assert (again.returncode, again.stdout) == (2, "")
    assert "exists already" in again.stderr


@pytest.mark.parametrize(
    ("variable", "value"), [("GEMINI_IMAGE_SAFETY_THRESHOLD", "medium "), ("CACHE_TTL_SECONDS", "0")]
)
def test_bad_setting_stops_the_start_with_code_2_and_one_line(variable: str, value: str, tmp_path: Path) -> None:
    result = run("serve", "--home", str(tmp_path / "home"), **{variable: value})

    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"image-proxy: {variable} is {value!r}")
    assert not (tmp_path / "home").exists()


def test_port_that_is_taken_stops_the_start_with_the_remedy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = run("serve", "--home", str(tmp_path / "home"), "--port", str(port))

    assert result.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in result.stderr
    assert "choose another" in result.stderr
    assert "Traceback" not in result.stderr
