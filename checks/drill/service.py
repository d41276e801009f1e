"""The running proxy of a drill: prepared once with real traffic, then started for each fault on a copy of its home."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx

from checks.drill.mischief import reverse_proxy
from checks.drill.place import Place
from checks.drill.steps.log import Ledger
from checks.process import base_environment, run_process
from checks.reference.environment import SETTINGS, make_home
from checks.reference.servers import background, free_port, server, wait_for

TRAFFIC_REQUESTS = 140
"""Enough for the smallest sample that checklist.yaml asks for under the profile `reference`."""
QUICK_HITS = Ledger(requests=100, hits=1.0, span_s=0.5, ago_s=0.0, append=True)
"""What follows the traffic in its log, so that the slowness of a busy machine is not taken for the proxy's."""
TRAFFIC_TIMEOUT_S = 180.0
ASK_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Prepared:
    """A program, the home that its traffic left, and the profile values that the server runs with."""

    program: str
    artifact: str
    build: str | None
    home: Path
    keys: tuple[str, str]
    """The client's, and another client's."""
    environment: Mapping[str, str]


def server_environment(keys: tuple[str, str], values: Mapping[str, Any]) -> dict[str, str]:
    """The whole environment of a healthy server under a profile's values."""
    settings = {variable: str(values[name]) for variable, name in SETTINGS.items() if name in values}
    return base_environment({"IMAGE_PROXY_API_KEYS": ",".join(keys), "IMAGE_PROXY_API_KEY": keys[0], **settings})


def prepare(
    folder: Path,
    program: Path,
    artifact: Path,
    build: str | None,
    values: Mapping[str, Any],
    seed: int,
    stop: threading.Event,
) -> Prepared:
    """Drive real traffic through a proxy and keep its home; raises StartError where a server does not start."""
    keys = (f"sk-drill-{token_hex(16)}", f"sk-drill-{token_hex(16)}")
    environment = server_environment(keys, values)
    prepared = Prepared(str(program), str(artifact), build, folder / "prepared", keys, environment)
    place = Place(folder / "preparing", stop, ExitStack(), dict(prepared.environment))
    place.folder.mkdir(parents=True)
    make_home(prepared.home)
    shutil.copytree(prepared.home, place.home)
    with place.undo:
        start(place, prepared, seed)
        drive = [str(program), "traffic", "--url", place.url, "--repeat-share", "0.5", "--error-share", "0.1"]
        drive += ["--requests", str(TRAFFIC_REQUESTS), "--seed", str(seed), "--concurrency", "8"]
        run_process(drive, cwd=folder, env=place.environment, timeout_s=TRAFFIC_TIMEOUT_S, stop=stop)
    QUICK_HITS.apply(place)
    shutil.rmtree(prepared.home)
    place.home.rename(prepared.home)
    return prepared


@contextmanager
def running(place: Place, prepared: Prepared, seed: int) -> Iterator[None]:
    """Start the simulator and the proxy in `place`, whose home is a copy of the prepared one; stop them after.

    Raises StartError where the proxy does not start.
    """
    with place.undo:
        start(place, prepared, seed)
        yield


def start(place: Place, prepared: Prepared, seed: int) -> None:
    """Start simulator, reverse proxy (where a step asked for one) and proxy; `place.undo` stops them."""
    place.key, other_key = prepared.keys
    place.upstream, place.url = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    simulate = [prepared.program, "simulate", "--port", place.upstream.rpartition(":")[2], "--seed", str(seed)]
    log = place.folder / "simulate.log"
    stats = f"{place.upstream}/_simulator/stats"
    place.undo.enter_context(server(simulate, place.environment, log, stats, place.stop))
    upstream = place.upstream
    if place.upstream_mischief is not None:
        upstream = place.undo.enter_context(reverse_proxy(place.upstream, place.upstream_mischief))
    serve = [prepared.program, "serve", "--port", place.url.rpartition(":")[2], "--home", str(place.home)]
    serve += ["--upstream", upstream, "--faults", *place.server_arguments]
    own = place.undo.enter_context(ExitStack())

    def start_server() -> None:
        process: subprocess.Popen[bytes] = own.enter_context(
            background(serve, place.environment, place.folder / "serve.log")
        )
        place.server_pid = process.pid
        wait_for(process, f"{place.url}/healthz", place.folder / "serve.log", place.stop)

    place.start_server, place.stop_server = start_server, own.close
    place.settings = {
        "target.url": place.url,
        "target.api_key": place.key,
        "target.other_api_key": other_key,
        "target.data_dir": str(place.home),
        "target.upstream": place.upstream,
        "target.executable": prepared.program,
        "target.artifact": prepared.artifact,
        **place.settings,
    }
    start_server()


def warm_up(place: Place) -> None:
    """One request twice and one that is refused, so that this process has hits of its own, and its log this day."""
    headers = {"authorization": f"Bearer {place.key}", "x-synthetic": "true"}
    with httpx.Client(base_url=place.url, headers=headers, timeout=ASK_TIMEOUT_S, trust_env=False) as client:
        for _ in range(2):
            client.post("/v1/images/generations", json={"prompt": f"warming up {place.folder.name}"})
