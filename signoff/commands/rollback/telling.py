"""What a watch does besides looking: its board or lines, the journal, messages, a heartbeat and the command."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

import httpx

from checks.rollback.announcing import Announcements
from checks.rollback.notification import Message, Notification, NotificationError
from checks.rollback.rounds import Round
from signoff.commands.rollback import watch_journal

ON_BREACH_S = 300.0
"""How long the command of on_breach may take."""
HEARTBEAT_S = 5.0
"""How long the answer to a heartbeat may take."""


@dataclass
class Tellers:
    """Who is told of a round. `say` takes a line for people; a mistake of one keeps nobody else from being told.

    `verdict_before` is that of the last round: the command is run when ROLLBACK comes after another, or first of all.
    """

    say: Callable[[str], None]
    root: Path
    stop: threading.Event
    journal: Path | None
    announcements: Announcements
    notification: Notification | None
    heartbeat: str | None
    on_breach: Sequence[str]
    verdict_before: str | None

    def tell(self, found: Round) -> None:
        """Tell everybody; what fails is said, and changes no verdict."""
        if self.journal:
            try:
                watch_journal.append(self.journal, found)
            except OSError as cause:
                self.say(f"--journal: {cause}")
        for message in self.announcements.of(found):
            self._send(message)
        if self.heartbeat:
            self._beat(self.heartbeat)
        if self.on_breach and found.verdict == "ROLLBACK" != self.verdict_before:
            self._run()
        self.verdict_before = found.verdict

    def _send(self, message: Message) -> None:
        if self.notification is None:
            return
        try:
            self.notification.send(message, self.root, self.stop)
        except NotificationError as cause:
            self.say(f"notify: {cause}")

    def _beat(self, url: str) -> None:
        try:
            answer = httpx.get(url, timeout=HEARTBEAT_S, trust_env=False)
            if not answer.is_success:
                self.say(f"--heartbeat: it was answered with status {answer.status_code}")
        except (httpx.HTTPError, httpx.InvalidURL) as cause:
            self.say(f"--heartbeat: {type(cause).__name__}")

    def _run(self) -> None:
        try:
            done = subprocess.run(self.on_breach, check=False, stdin=subprocess.DEVNULL, timeout=ON_BREACH_S)
        except (OSError, subprocess.TimeoutExpired) as cause:
            self.say(f"--on-breach: {cause}")
        else:
            self.say(f"--on-breach ended with {done.returncode}")


def shown(stack: ExitStack, zone: tzinfo | None, *, live: bool) -> Callable[[Round], None]:
    """How rounds are shown on standard error: on a board that stays, or a line each."""
    from rich.console import Console
    from rich.live import Live

    from signoff.commands.rollback.board import Board
    from signoff.commands.rollback.view import line

    console = Console(stderr=True)
    if not live:
        return lambda found: console.print(line(found, zone), markup=False, highlight=False, soft_wrap=True)
    board, screen = Board(zone), stack.enter_context(Live(console=console, auto_refresh=False))
    return lambda found: screen.update(board.after(found), refresh=True)
