"""The real process, for tests: run to its end, or started and spoken to over HTTP."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.proxy.waiting import until

_MAIN = "from proxy.command import main; main()"
_ROOT = Path(__file__).parents[2]


def command(*arguments: str) -> list[str]:
    """The command line of `image-proxy`."""
    return [sys.executable, "-c", _MAIN, *arguments]


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        command(*arguments),
        env={**os.environ, **variables},
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass(frozen=True)
class Served:
    """A server that runs."""

    process: subprocess.Popen[str]
    url: str

    def get(self, path: str, key: str = "") -> Any:
        """The JSON of a GET."""
        return httpx.get(f"{self.url}{path}", headers={"authorization": f"Bearer {key}"}, timeout=10).json()

    def metrics(self) -> dict[str, float]:
        """Every sample of /metrics by its line, as it is written there."""
        text = httpx.get(f"{self.url}/metrics", timeout=10).text
        lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in lines}

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            return httpx.get(f"{self.url}/healthz", timeout=10).status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def served(home: Path, *flags: str, upstream: str = "http://127.0.0.1:9", **variables: str) -> Iterator[Served]:
    """A server on a free port that answers; it is killed where a test leaves it running."""
    process = subprocess.Popen(
        command("serve", "--home", str(home), "--port", "0", "--upstream", upstream, *flags),
        # A proxy of the environment that answers nothing: calls to this machine must not go there.
        env={**os.environ, "HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "", **variables},
        cwd=_ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        found = re.search(r"http://\S+", process.stderr.readline())
        assert found is not None
        server = Served(process, found[0])
        until(server.is_ready)
        yield server
    finally:
        process.kill()
        process.wait(timeout=10)
        process.stderr.close()
