"""The tutorial, typed as a reader would: servers in terminals of their own, files as shown, exit codes as promised."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from checks.markdown import read_markdown

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
WAIT_SECONDS = 60
RUN_SECONDS = 120
PORTS = ("8045", "8046")


@contextmanager
def _started(command: str, port: int, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """A server that listens on its port."""
    with (folder / f"{port}.log").open("wb") as told:
        process = subprocess.Popen(shlex.split(command), cwd=folder, env=environment, stdout=told, stderr=told)
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        while not _listens(port):
            assert process.poll() is None, (folder / f"{port}.log").read_text()
            assert time.monotonic() < deadline, f"{command} does not listen"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(WAIT_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_ports() -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in PORTS]
        return [each.getsockname()[1] for each in sockets]


@pytest.mark.system
def test_every_command_of_the_tutorial_ends_as_the_reader_is_told(tmp_path: Path) -> None:
    ports = dict(zip(PORTS, _free_ports(), strict=True))
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("IMAGE_PROXY_HOME", None)
    ran: list[str] = []
    with ExitStack() as servers:
        for block in read_markdown(PAGE).blocks:
            content = block.content
            for shown, free in ports.items():
                content = content.replace(f":{shown}", f":{free}").replace(f"--port {shown}", f"--port {free}")
            match block.info:
                case ("sh", "start", port):
                    servers.enter_context(_started(content, ports[port], tmp_path, environment))
                case ("yaml", name):
                    (tmp_path / name.removeprefix("file=")).write_text(content)
                case ("sh", "run", *promised):
                    code = int(promised[0].removeprefix("exit=")) if promised else 0
                    for line in content.splitlines():
                        ended = subprocess.run(
                            shlex.split(line),
                            cwd=tmp_path,
                            env=environment,
                            capture_output=True,
                            text=True,
                            timeout=RUN_SECONDS,
                            check=False,
                        )
                        assert ended.returncode == code, f"{line}\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}"
                        ran.append(line)
    assert len(ran) >= 8
