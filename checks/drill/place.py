"""Where one fault is injected: a scratch folder, what runs in it, and what is stopped with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checks.events import Event


@dataclass
class Meanwhile:
    """What is done so many seconds after a check has begun."""

    check: str
    after_s: float
    do: Callable[[], None]
    is_done: bool = False

    def run(self) -> None:
        """Do it."""
        self.do()
        self.is_done = True


@dataclass
class Place:
    """The scratch folder of one fault and what the steps may change or need.

    Before the start, steps change files, `environment`, `server_arguments` and `faulty_upstream`; what is set then
    holds for the processes that are started. Whatever a step starts or changes outside the folder is undone by
    `undo`, in the reverse order.
    """

    folder: Path
    stop: threading.Event
    undo: ExitStack
    environment: dict[str, str] = field(default_factory=dict)
    server_arguments: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    """What the run is told of the target, as by --set."""
    url: str = ""
    key: str = ""
    upstream: str = ""
    upstream_mischief: Mapping[str, Any] | None = None
    """What a reverse proxy in front of the upstream does; None where there is none."""
    unsigned: bool = False
    """Whether nobody signs the run by themselves."""
    meanwhile: list[Meanwhile] = field(default_factory=list)
    """What is done while the run goes on."""
    run_options: list[str] = field(default_factory=list)
    """Further options of the run that is signed."""
    server_pid: int = 0
    start_server: Callable[[], None] = lambda: None
    stop_server: Callable[[], None] = lambda: None

    @property
    def home(self) -> Path:
        """The proxy's home."""
        return self.folder / "home"

    @property
    def source(self) -> Path:
        """The project's folder, where the checklist lies."""
        return self.folder / "source"

    def hear(self, event: Event) -> None:
        """Begin what waits for the check that begins."""
        for each in self.meanwhile:
            if event.name == "check_started" and event.facts["check"] == each.check:
                timer = threading.Timer(each.after_s, each.run)
                self.undo.callback(timer.cancel)
                timer.start()

    def check_done(self) -> None:
        """Raise ValueError where something that waited for a check was not done."""
        for each in self.meanwhile:
            if not each.is_done:
                raise ValueError(f"what was to be done {each.after_s:g} s into {each.check} was not done")

    def filled(self, text: str) -> str:
        """A text with `{folder}`, `{url}`, `{upstream}` and `{key}` replaced by what they are here."""
        for name in ("folder", "url", "upstream", "key"):
            text = text.replace(f"{{{name}}}", str(getattr(self, name)))
        return text

    def path(self, text: str) -> Path:
        """A path inside the folder; raises ValueError for one that leads out of it."""
        found = self.folder / text
        if ".." in Path(text).parts or not found.is_relative_to(self.folder):
            raise ValueError(f"{text!r} leads out of the drill's folder")
        return found
