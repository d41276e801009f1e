"""Steps on the running proxy, on what it is started with, and on the simulated upstream."""

from __future__ import annotations

import os
import resource
import signal
import socket
from typing import Any, Literal

import httpx
from pydantic import ConfigDict, Field

from checks.drill.mischief import reverse_proxy
from checks.drill.place import Place
from checks.drill.steps.step import Step

ASK_TIMEOUT_S = 10.0


class Environment(Step):
    """Variables of the server's own environment; null takes one away. Counts before the start."""

    model_config = ConfigDict(extra="allow", frozen=True)

    def apply(self, place: Place) -> None:
        """Set them."""
        for name, value in (self.__pydantic_extra__ or {}).items():
            if value is None:
                place.environment.pop(name, None)
            else:
                place.environment[name] = str(value)


class Told(Step):
    """What the run is told of the target, as by --set, where a person would be told wrongly."""

    model_config = ConfigDict(extra="allow", frozen=True)

    def apply(self, place: Place) -> None:
        """Set it, with `{folder}`, `{url}`, `{upstream}` and `{key}` filled in."""
        for name, value in (self.__pydantic_extra__ or {}).items():
            place.settings[name] = place.filled(str(value))


class SettingsFile(Step):
    """A file of settings that the server is told to read. Counts before the start."""

    path: str

    def apply(self, place: Place) -> None:
        """Name it in the server's environment."""
        place.environment["IMAGE_PROXY_SETTINGS_FILE"] = str(place.path(self.path))


class Arguments(Step):
    """Further arguments of `image-proxy serve`. Counts before the start."""

    given: tuple[str, ...]

    def apply(self, place: Place) -> None:
        """Add them; a later one wins."""
        place.server_arguments += self.given


class Silent(Step):
    """A service that takes connections and never says anything; a variable of the server leads to it."""

    variable: str
    url: str = Field(description="With {port}.")

    def apply(self, place: Place) -> None:
        """Listen, until the place is left."""
        listener = place.undo.enter_context(socket.create_server(("127.0.0.1", 0)))
        place.environment[self.variable] = self.url.replace("{port}", str(listener.getsockname()[1]))


class Limit(Step):
    """Allow the running server no more of a resource, as a full disk or a table of open files does."""

    resource: Literal["fsize", "nofile"]
    most: int = Field(ge=0)

    def apply(self, place: Place) -> None:
        """Set the limit, by Linux's prlimit."""
        number = {"fsize": resource.RLIMIT_FSIZE, "nofile": resource.RLIMIT_NOFILE}[self.resource]
        resource.prlimit(place.server_pid, number, (self.most, self.most))


class Simulator(Step):
    """What the simulated upstream does from now on, by its own door."""

    model_config = ConfigDict(extra="allow", frozen=True)

    def apply(self, place: Place) -> None:
        """Tell it."""
        url = f"{place.upstream}/_simulator/faults"
        httpx.post(url, json=self.__pydantic_extra__, timeout=ASK_TIMEOUT_S, trust_env=False).raise_for_status()


class ProxyFaults(Step):
    """What the proxy itself does wrong from now on: it was started with --faults."""

    model_config = ConfigDict(extra="allow", frozen=True)

    def apply(self, place: Place) -> None:
        """Tell it."""
        headers = {"authorization": f"Bearer {place.key}"}
        url = f"{place.url}/internal/faults"
        answer = httpx.post(url, json=self.__pydantic_extra__, headers=headers, timeout=ASK_TIMEOUT_S, trust_env=False)
        answer.raise_for_status()


class Upstream(Step):
    """What a reverse proxy in front of the upstream does with each call. Counts before the start."""

    model_config = ConfigDict(extra="allow", frozen=True)

    def apply(self, place: Place) -> None:
        """Ask for it."""
        place.upstream_mischief = dict(self.__pydantic_extra__ or {})


class Front(Step):
    """A reverse proxy in front of the running server, which the run takes for the server."""

    model_config = ConfigDict(extra="allow", frozen=True)

    def apply(self, place: Place) -> None:
        """Start it and tell the run of it."""
        url = place.undo.enter_context(reverse_proxy(place.url, dict(self.__pydantic_extra__ or {})))
        place.settings["target.url"] = url


class Signal(Step):
    """Send the server a signal, such as KILL or STOP."""

    name: str

    def apply(self, place: Place) -> None:
        """Send it; one that was stopped is let go on when the place is left."""
        number = signal.Signals[f"SIG{self.name}"]
        os.killpg(place.server_pid, number)
        if number is signal.SIGSTOP:
            place.undo.callback(os.killpg, place.server_pid, signal.SIGCONT)


class Restart(Step):
    """Stop the server and start it with what its environment and arguments are now."""

    def apply(self, place: Place) -> None:
        """Restart it."""
        place.stop_server()
        place.start_server()


class Requests(Step):
    """Send requests for images, as a client does, and read the answers."""

    times: int = Field(default=1, ge=1, le=1000)
    body: dict[str, Any] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    prompt: str = Field(default="", description="The same prompt each time.")

    def apply(self, place: Place) -> None:
        """Send them one after the other; an error in answer is an answer."""
        headers = {"authorization": f"Bearer {place.key}", **self.headers}
        with httpx.Client(base_url=place.url, headers=headers, timeout=60.0, trust_env=False) as client:
            for number in range(self.times):
                prompt = self.prompt or f"a drill, number {number}"
                client.post("/v1/images/generations", json={"prompt": prompt, **self.body})


SERVICE_STEPS: dict[str, type[Step]] = {
    "environment": Environment,
    "told": Told,
    "settings_file": SettingsFile,
    "arguments": Arguments,
    "silent": Silent,
    "limit": Limit,
    "simulator": Simulator,
    "faults": ProxyFaults,
    "upstream": Upstream,
    "front": Front,
    "signal": Signal,
    "restart": Restart,
    "requests": Requests,
}
