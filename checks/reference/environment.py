"""The reference environment: a simulated Gemini, the proxy in front of it, and real traffic, all on loopback.

Everything lies in one scratch folder under `.signoff/` and is gone when the block ends.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.events import Event, Listener
from checks.loading import Loaded
from checks.process import base_environment, run_process
from checks.reference.deployment import deploy
from checks.reference.installation import Installation, install
from checks.reference.servers import StartError, background, free_port, server

SETTINGS = {
    "GEMINI_IMAGE_SAFETY_THRESHOLD": "safety",
    "CACHE_BACKEND": "cache_backend",
    "CACHE_MAX_SIZE_MB": "cache_max_mb",
    "CACHE_TTL_SECONDS": "cache_ttl_s",
}
"""The server's variables and the profile values they take; a variable that is set in the caller's shell wins."""

ACCOUNTS = 5
WARM_UP_REQUESTS = 80
STEADY_RATE = 5.0
"""Requests a second that go on while the checks run."""
STEADY_REQUESTS = 3000
TRAFFIC_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Reference:
    """What runs: settings for the run (as of `--set`), and why the proxy is not there, if it is not."""

    settings: Mapping[str, Any]
    build: str | None
    """What the installed program says its build is."""
    problem: str | None = None


@dataclass(frozen=True)
class Variant:
    """How a reference differs from a healthy one; for tests and drills."""

    simulator: Sequence[str] = ()
    prepare: Callable[[Path], None] = lambda home: None
    program: Path | None = None
    """An installed `image-proxy` to use, instead of building one."""
    requests: int = WARM_UP_REQUESTS


@contextmanager
def reference(
    source: Path,
    loaded: Loaded,
    environ: Mapping[str, str],
    listener: Listener,
    stop: threading.Event,
    variant: Variant,
) -> Iterator[Reference]:
    """Build, install and start it all; drive traffic through it until the block ends; stop and remove everything."""
    folder = source / ".signoff" / f"reference-{os.getpid()}-{secrets.token_hex(4)}"
    folder.mkdir(parents=True)
    try:
        with ExitStack() as stack:
            yield _started(stack, source, folder, loaded, environ, listener, stop, variant)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _started(
    stack: ExitStack,
    source: Path,
    folder: Path,
    loaded: Loaded,
    environ: Mapping[str, str],
    listener: Listener,
    stop: threading.Event,
    variant: Variant,
) -> Reference:
    def tell(what: str) -> None:
        listener(Event("preparing", {"what": what}))

    if variant.program is None:
        tell("building the wheel and installing it into a fresh virtual environment")
        installed = install(source, folder, stop)
    else:
        installed = Installation(variant.program, variant.program)
    program, home = str(installed.program), folder / "home"
    key, other_key = (f"sk-reference-{secrets.token_hex(16)}" for _ in range(2))
    upstream, url = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    release = loaded.checklist.release
    deployment = deploy(source, installed.program, folder, release.version, release.previous)
    settings = {
        **{name: value for name, value in deployment.settings.items() if name in loaded.values},
        "target.url": url,
        "target.api_key": key,
        "target.other_api_key": other_key,
        "target.data_dir": str(home),
        "target.upstream": upstream,
        "target.executable": program,
        "target.artifact": str(installed.wheel),
    }
    make_home(home)
    variant.prepare(home)
    environment = base_environment({"IMAGE_PROXY_API_KEYS": f"{key},{other_key}", "IMAGE_PROXY_API_KEY": key})
    environment |= _settings(loaded.values, environ)
    build = build_of(program, folder, environment)
    tell("starting the simulated Gemini and the proxy")
    try:
        simulate = [program, "simulate", "--port", upstream.rpartition(":")[2], *variant.simulator]
        stack.enter_context(
            server(simulate, environment, folder / "simulate.log", f"{upstream}/_simulator/stats", stop)
        )
        serve = ["serve", "--port", url.rpartition(":")[2], "--home", str(home), "--upstream", upstream]
        deployment.serve_by(serve, environment)
        stack.callback(deployment.end)
        stack.enter_context(server([program, *serve], environment, folder / "serve.log", f"{url}/healthz", stop))
    except StartError as reason:
        return Reference(settings, build, f"the server did not start: {reason}")
    tell(f"driving {variant.requests} requests through the proxy")
    drive = [program, "traffic", "--url", url, "--repeat-share", "0.5", "--error-share", "0.1"]
    warm_up = [*drive, "--requests", str(variant.requests), "--seed", "1", "--concurrency", "6"]
    run_process(warm_up, cwd=folder, env=environment, timeout_s=TRAFFIC_TIMEOUT_S, stop=stop)
    steady = [*drive, "--requests", str(STEADY_REQUESTS), "--seed", "2", "--rate", str(STEADY_RATE)]
    stack.enter_context(background(steady, environment, folder / "traffic.log"))
    return Reference(settings, build)


def _settings(values: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    given = {variable: str(values[name]) for variable, name in SETTINGS.items() if name in values}
    return given | {variable: environ[variable] for variable in SETTINGS if variable in environ}


def make_home(home: Path) -> None:
    """A home with accounts for the simulator; the server makes the rest."""
    accounts = home / "accounts"
    accounts.mkdir(parents=True, mode=0o700)
    home.chmod(0o700)
    for number in range(1, ACCOUNTS + 1):
        path = accounts / f"simulated-{number}.json"
        account = {"name": f"simulated-{number}", "project": f"project-{number}", "api_key": secrets.token_hex(16)}
        path.write_text(json.dumps(account))
        path.chmod(0o600)


def build_of(program: str, folder: Path, environment: Mapping[str, str]) -> str | None:
    """The build that an installed program says it is; None where it does not say."""
    done = run_process([program, "version", "--json"], cwd=folder, env=environment, timeout_s=TRAFFIC_TIMEOUT_S)
    try:
        return str(json.loads(done.stdout)["build"])
    except (ValueError, KeyError):
        return None
