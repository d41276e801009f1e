"""Servers as processes of their own: waited for, and stopped whatever happens."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import psutil
import pytest

from checks.reference import servers
from checks.reference.servers import StartError, background, free_port, server

ANSWERING = """
import http.server, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
print("child", child.pid, flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"up")
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(300)"
)


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-u", "-c", code, *arguments]


def until(log: Path, word: str) -> None:
    for _ in range(500):
        if word in log.read_text():
            return
        threading.Event().wait(0.02)
    pytest.fail(f"{word} was never said")


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_it_answers_inside_the_block_and_is_gone_with_its_children_after(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    url = f"http://127.0.0.1:{port}/"
    with server(python(ANSWERING, str(port)), {}, log, url, threading.Event()) as process:
        assert httpx.get(url, trust_env=False).text == "up"
        child = int(log.read_text().split()[1])
        assert is_alive(child)
    assert process.returncode is not None
    for _ in range(200):
        if not is_alive(child):
            break
        threading.Event().wait(0.02)
    assert not is_alive(child)
    with pytest.raises(httpx.TransportError):
        httpx.get(url, trust_env=False)


def test_it_is_stopped_when_the_block_raises(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="inside"),
        background(python("import time; time.sleep(300)"), {}, tmp_path / "log") as process,
    ):
        raise RuntimeError("inside")
    assert process.poll() is not None


def test_one_that_ends_says_why(tmp_path: Path) -> None:
    code = "import sys; sys.exit('GEMINI_IMAGE_SAFETY_THRESHOLD: bad value')"
    with (
        pytest.raises(StartError, match="exit code 1: GEMINI_IMAGE_SAFETY_THRESHOLD: bad value"),
        server(python(code), {}, tmp_path / "log", f"http://127.0.0.1:{free_port()}/", threading.Event()),
    ):
        pytest.fail("it never answered")


def test_one_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "START_TIMEOUT_S", 0.3)
    url = f"http://127.0.0.1:{free_port()}/"
    with (
        pytest.raises(StartError, match="no answer from"),
        server(python("import time; time.sleep(300)"), {}, tmp_path / "log", url, threading.Event()),
    ):
        pytest.fail("it never answered")


def test_an_interrupted_start_says_so(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    url = f"http://127.0.0.1:{free_port()}/"
    with (
        pytest.raises(StartError, match="interrupted"),
        server(python("import time; time.sleep(300)"), {}, tmp_path / "log", url, stop),
    ):
        pytest.fail("it never answered")


def test_one_that_is_deaf_to_term_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "STOP_GRACE_S", 0.3)
    with background(python(STUBBORN), {}, tmp_path / "log") as process:
        until(tmp_path / "log", "deaf")
    assert process.returncode == -9


def test_its_environment_is_what_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "x")
    with background(python("import os; print(sorted(os.environ))"), {"THEIRS": "y"}, tmp_path / "log") as process:
        process.wait(10)
    said = (tmp_path / "log").read_text()
    assert "THEIRS" in said
    assert "OURS" not in said


def test_a_free_port_can_be_listened_on() -> None:
    port = free_port()
    code = "import socket, sys; socket.create_server(('127.0.0.1', int(sys.argv[1])))"
    assert subprocess.run(python(code, str(port)), env=dict(os.environ), check=False).returncode == 0
