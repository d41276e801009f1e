"""A real sshd on loopback, with keys of its own, and an instance that is reached through it."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.target import Instance
from tests.checks.kinds.conftest import context, make

__all__ = ["context", "make"]

START_SECONDS = 20.0
PRIVILEGE_SEPARATION = Path("/run/sshd")
"""Where sshd locks itself up when root starts it; its package's service makes it."""


@pytest.fixture(scope="session")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The command that leads to the sshd, as a prefix of arguments."""
    folder = tmp_path_factory.mktemp("sshd")
    server = shutil.which("sshd", path=os.pathsep.join([os.environ["PATH"], "/usr/sbin"]))
    assert server, "sshd is missing; `make setup-test` installs it"
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    shutil.copy(folder / "user.pub", folder / "authorized_keys")
    if os.geteuid() == 0:
        PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    known = folder / "known_hosts"
    known.write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
    options = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": folder / "host",
        "PidFile": "none",
        "AuthorizedKeysFile": folder / "authorized_keys",
        "UsePAM": "no",
        "StrictModes": "no",
        "PasswordAuthentication": "no",
        "MaxStartups": "100",
    }
    (folder / "sshd_config").write_text("".join(f"{name} {value}\n" for name, value in options.items()))
    process = subprocess.Popen([server, "-D", "-e", "-f", str(folder / "sshd_config")], stderr=subprocess.DEVNULL)
    try:
        _await(port, process)
        client = {"BatchMode": "yes", "UserKnownHostsFile": known, "IdentityFile": folder / "user", "Port": port}
        asked = [word for name, value in client.items() for word in ("-o", f"{name}={value}")]
        yield ["ssh", "-F", "none", *asked, f"{getpass.getuser()}@127.0.0.1"]
    finally:
        process.terminate()
        process.wait(timeout=10)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"sshd did not start: exit code {process.poll()}")


@pytest.fixture
def host(ssh: list[str]) -> Instance:
    """An instance behind ssh, with the Python that runs this test."""
    return Instance(name="host", via=tuple(ssh), python=sys.executable)
