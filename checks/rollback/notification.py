"""`notify:` of a checklist's rollback: tells a team's webhook, or a command, what happened.

```yaml
rollback:
  notify: {webhook: "${env:TEAM_WEBHOOK}"}
  # or: notify: {command: [page-the-team, --urgent]}
```

Either gets one JSON object: `event`, `text` for people (the field that chat services show), and the event's facts. The
webhook gets it by POST, the command on its standard input. An address of a webhook is often a secret in itself, so it
is never part of a message of ours.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from pydantic import Field, model_validator

from checks.check import Model
from checks.process import base_environment, run_process
from checks.substitution import Names, substitute

WITHIN_S = 15.0
"""Longest that a webhook may take to answer, or a command to end."""
SAID_BYTES = 2000
"""Most that is kept of what a command says where it fails."""


class NotificationError(Exception):
    """Nobody could be told; the text says why, without the webhook's address."""


@dataclass(frozen=True)
class Message:
    """What is told. `key` is the same where one message is sent twice, so that a receiver can know it again."""

    event: str
    text: str
    key: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def body(self) -> bytes:
        """The message as JSON."""
        told = {"event": self.event, "text": self.text, "key": self.key, **self.facts}
        return json.dumps(told, ensure_ascii=False, allow_nan=False, default=str).encode()


class Notification(Model):
    """Whom to tell: the URL of a webhook, or a program with its arguments."""

    webhook: str | None = Field(default=None, description="Gets a JSON object by POST.")
    command: Annotated[tuple[str, ...], Field(min_length=1)] | None = Field(
        default=None, description="Gets the JSON object on its standard input; run without a shell."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Notification:
        if (self.webhook is None) == (self.command is None):
            raise ValueError("say either `webhook: URL` or `command: [program, arguments]`")
        if self.webhook is not None and not self.webhook.startswith(("http://", "https://", "${")):
            raise ValueError("a webhook's address begins with https:// or http://")
        return self

    def resolved(self, names: Names) -> Notification:
        """The same with every `${…}` replaced; raises NotificationError for a name that is not set."""
        raw, missing = substitute(self.model_dump(mode="json"), names)
        if missing:
            raise NotificationError(", ".join(f"${{{hole.name}}} is not set" for hole in missing))
        try:
            return Notification.model_validate(raw)
        except ValueError as cause:
            raise NotificationError("the value of `notify.webhook` is no address of http or https") from cause

    def send(self, message: Message, root: Path, stop: threading.Event | None = None) -> None:
        """Tell it, in at most 15 s; raises NotificationError where that did not succeed. A command runs in `root`."""
        if self.webhook is not None:
            _post(self.webhook, message, stop or threading.Event())
        elif self.command is not None:
            _run(self.command, message, root, stop)

    def __str__(self) -> str:
        return "the webhook" if self.command is None else self.command[0]


def _post(url: str, message: Message, stop: threading.Event) -> None:
    import httpx

    from checks.http_exchange import Interrupted, NoAnswer, Unsendable, exchange

    headers = {"content-type": "application/json", "idempotency-key": message.key}
    try:
        request = httpx.Request("POST", url, headers=headers, content=message.body())
    except httpx.InvalidURL as cause:
        raise NotificationError(f"the webhook was not told: its address is none: {cause}") from None
    try:
        (answer,) = exchange([request], stop, WITHIN_S)
    except (Unsendable, NoAnswer, Interrupted) as cause:
        said = str(cause).replace(str(request.url), "the webhook")
        raise NotificationError(f"the webhook was not told: {said}") from None
    if not 200 <= answer.status <= 299:
        raise NotificationError(f"the webhook was not told: it answered with status {answer.status}")


def _run(command: tuple[str, ...], message: Message, root: Path, stop: threading.Event | None) -> None:
    with TemporaryDirectory(prefix="signoff-") as folder:
        said = Path(folder) / "message.json"
        said.write_bytes(message.body())
        done = run_process(
            command, cwd=root, env=base_environment(), timeout_s=WITHIN_S, max_bytes=SAID_BYTES, stop=stop, stdin=said
        )
    if done.exit_code == 0 and not done.timed_out:
        return
    if done.timed_out:
        why = f"did not end within {WITHIN_S:g} s"
    else:
        why = done.failure or f"ended with {done.exit_code if done.signal is None else done.signal}"
    spoken = done.stderr.decode(errors="replace").strip()
    raise NotificationError(f"{command[0]} {why}{f': {spoken}' if spoken else ''}")
