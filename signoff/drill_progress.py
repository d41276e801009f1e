"""How a drill is followed: a line an event on stderr, and on a terminal what is under way besides."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from checks.drill.events import DrillEvent, DrillListener

STYLES = {"caught": "green", "caught_elsewhere": "yellow", "missed": "bold red", "not_possible": "dim"}
LONGEST = 220


@contextmanager
def drill_listener(total: int) -> Iterator[DrillListener]:
    """The listener that fits where stderr goes; `total` is how many faults there are."""
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    board = _Board(console, total)
    if not console.is_terminal:
        yield board
        return
    with Live(get_renderable=board.render, console=console, refresh_per_second=4, transient=True):
        yield board


class _Board:
    """Lines of what is done, and a line of what is under way."""

    def __init__(self, console: Console, total: int) -> None:
        self.console = console
        self.total = total
        self.done = 0
        self.begun = time.monotonic()
        self.running: dict[str, float] = {}

    def __call__(self, event: DrillEvent) -> None:
        """Tell of an event."""
        from rich.text import Text

        facts = event.facts
        match event.name:
            case "preparing":
                self.console.print(Text(f"… {facts['what']}"))
            case "healthy_finished":
                alarms = ", ".join(facts["alarms"])
                said = f"FALSE ALARM of {alarms}" if alarms else "quiet"
                self.console.print(Text(f"  healthy, {facts['site']}, seed {facts['seed']}: {said}"))
            case "fault_started":
                self.running[facts["fault"]] = time.monotonic()
            case "fault_finished":
                self.running.pop(facts["fault"], None)
                self.done += 1
                line = Text(f"  {self.done:>3}/{self.total} ")
                line.append(f"{facts['state']:<17}", style=STYLES.get(facts["state"], ""))
                line.append(f"{facts['fault']}  {facts['duration_s']:.0f} s  ")
                line.append(_short(facts["why"]), style="" if facts["state"] != "caught" else "dim")
                self.console.print(line)
                for name in facts["unexpected"]:
                    self.console.print(Text(f"      false alarm: {name}", style="bold red"))

    def render(self) -> RenderableType:
        """Elapsed time and the faults under way."""
        from rich.text import Text

        now = time.monotonic()
        running = ", ".join(f"{name} {now - since:.0f} s" for name, since in list(self.running.items()))
        return Text(f"{now - self.begun:5.0f} s  {self.done} of {self.total} faults  {running}", style="bold")


def _short(text: str) -> str:
    from checks.redaction import visible

    shown = visible(" ".join(text.split()))
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"
