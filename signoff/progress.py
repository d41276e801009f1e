"""How a run is followed: a live display on a terminal, plain lines when piped, JSON events for machines.

Everything for people goes to stderr; stdout is for machines (design §4).
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from checks.events import Event, Listener

STYLES = {
    "pass": "green",
    "warn": "yellow",
    "fail": "bold red",
    "no_data": "magenta",
    "error": "magenta",
    "pending": "cyan",
    "blocked": "magenta",
    "waived": "yellow",
    "GO": "bold green",
    "HOLD": "bold yellow",
    "NO-GO": "bold red",
}
SILENT = {"not_selected", "scheduled"}


@contextmanager
def listener_for(*, as_json: bool, quiet: bool) -> Iterator[Listener]:
    """The listener that fits where the output goes."""
    from rich.console import Console

    if as_json:
        yield _print_json
        return
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if quiet:
        yield lambda event: _show_verdict(console, event)
    elif console.is_terminal:
        yield from _live(console)
    else:
        yield _Lines(console)


def _print_json(event: Event) -> None:
    sys.stdout.write(json.dumps({"event": event.name, **event.facts}, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def _live(console: Console) -> Iterator[Listener]:
    from rich.live import Live

    board = _Board(console)
    with Live(get_renderable=board.render, console=console, refresh_per_second=4, transient=True):
        yield board


class _Lines:
    """One line for each thing that happened."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def __call__(self, event: Event) -> None:
        from rich.text import Text

        facts = event.facts
        match event.name:
            case "preparing":
                self.console.print(Text(f"… {facts['what']}"))
            case "run_started":
                self.console.print(Text(f"run {facts['run_id']}: {facts['checks']} checks, {facts['folder']}"))
            case "stage_started":
                self.console.print(Text(f"{facts['title']} ({facts['checks']} checks)", style="bold"))
            case "check_finished" if facts["status"] not in SILENT and facts["anew"]:
                self.console.print(_check_line(facts))
            case "run_finished" if "reasons" in facts:
                _show_verdict(self.console, event)
                for way in facts.get("ways_out", [])[:10]:
                    line = f"way out for {way['about']}: {way['way']}: {_one_line(way['command'])}"
                    self.console.print(Text(line))


class _Board(_Lines):
    """The same lines above a board that says what is running now."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.begun = time.monotonic()
        self.stage = "preparing"
        self.running: dict[str, float] = {}
        self.counts: Counter[str] = Counter()

    def __call__(self, event: Event) -> None:
        facts = event.facts
        match event.name:
            case "preparing":
                self.stage = facts["what"]
            case "stage_started":
                self.stage = facts["title"]
            case "check_started":
                self.running[facts["check"]] = time.monotonic()
            case "check_finished":
                self.running.pop(facts["check"], None)
                self.counts[facts["status"]] += 1
        super().__call__(event)

    def render(self) -> RenderableType:
        """Stage, elapsed time, running checks with their own, counts by status."""
        from rich.text import Text

        now = time.monotonic()
        text = Text(f"{now - self.begun:5.0f} s  {self.stage}", style="bold")
        for check, since in list(self.running.items()):
            text.append(f"\n        {check}  {now - since:.0f} s", style="dim")
        text.append("\n        ")
        for status, count in sorted(self.counts.items()):
            text.append(f"{count} {status}  ", style=STYLES.get(status, "dim"))
        return text


def _check_line(facts: Any) -> Any:
    from rich.text import Text

    line = Text("  ")
    line.append(f"{facts['status']:<15}", style=STYLES.get(facts["status"], "dim"))
    line.append(f"{facts['check']}  ")
    if facts["duration_ms"] >= 1000:
        line.append(f"{facts['duration_ms'] / 1000:.1f} s  ", style="dim")
    if facts["status"] not in {"pass", "not_applicable"}:
        line.append(_one_line(facts["reason"]))
    return line


def _one_line(text: str, limit: int = 300) -> str:
    from checks.redaction import visible

    shown = visible(" ".join(text.split()))
    return shown if len(shown) <= limit else f"{shown[:limit]}…"


def _show_verdict(console: Console, event: Event) -> None:
    from rich.text import Text

    facts = event.facts
    if event.name != "run_finished" or "reasons" not in facts:
        return
    partial = " (partial: only a selection was run)" if facts["scope"] == "partial" else ""
    console.print(Text(f"{facts['verdict']}{partial}", style=STYLES[facts["verdict"]]))
    for reason in facts["reasons"][:10]:
        console.print(Text(f"  {_one_line(reason)}"))
    if len(facts["reasons"]) > 10:
        console.print(Text(f"  and {len(facts['reasons']) - 10} more, in the report"))
    console.print(Text(f"report: {facts['report']}"))
