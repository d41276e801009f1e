"""The smoke tests against a proxy that is already running, as CI runs them: its URL and key are all that is known."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from checks.process import base_environment
from checks.reference.servers import free_port, server
from proxy.home import initialise

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


class Live(NamedTuple):
    """A proxy that runs: its address, a key of its, and its home."""

    url: str
    key: str
    home: Path


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("live")
    _, key = initialise(folder / "home")
    upstream, url = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    simulate = [str(BIN / "image-proxy"), "simulate", "--port", upstream.rpartition(":")[2], "--latency-ms", "150"]
    serve = [str(BIN / "image-proxy"), "serve", "--port", url.rpartition(":")[2], "--upstream", upstream]
    stop = threading.Event()
    environment = base_environment()
    with (
        server(simulate, environment, folder / "simulate.log", f"{upstream}/_simulator/stats", stop),
        server([*serve, "--home", str(folder / "home")], environment, folder / "serve.log", f"{url}/healthz", stop),
    ):
        yield Live(url, key, folder / "home")


def smoke(url: str, key: str, output: Path) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "signoff"), "run", "--stage", "smoke-tests", "--non-interactive", "--set", f"target.url={url}"]
    environment = base_environment({"IMAGE_PROXY_API_KEY": key})
    return subprocess.run(
        [*command, "--output", str(output)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_healthy_proxy_is_a_go_whose_scope_is_partial(live: Live, tmp_path: Path) -> None:
    done = smoke(live.url, live.key, tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert "GO (partial" in done.stderr
    assert "\x1b" not in done.stderr
    verdict = json.loads((tmp_path / "run" / "verdict.json").read_text())
    assert (verdict["verdict"], verdict["scope"], verdict["profile"]) == ("GO", "partial", "production")
    assert verdict["counts"]["pass"] == 10
    for path in (tmp_path / "run").rglob("*"):
        assert path.is_dir() or live.key.encode() not in path.read_bytes()


def test_a_key_that_the_proxy_refuses_is_a_no_go(live: Live, tmp_path: Path) -> None:
    done = smoke(live.url, "sk-not-the-key", tmp_path / "run")
    assert done.returncode == 1
    assert "smoke-basic: fail: status: observed 401, expected equals 200" in done.stderr


def test_a_proxy_that_is_not_there_is_a_no_go_and_no_traceback(tmp_path: Path) -> None:
    done = smoke(f"http://127.0.0.1:{free_port()}", "sk-any", tmp_path / "run")
    assert done.returncode == 1
    assert "the target did not say what it is" in done.stderr
    assert "Traceback" not in done.stderr
