"""The kind `ask`: a question that only a person can answer. No answer is ever filled in beforehand."""

from __future__ import annotations

import getpass
import json
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from checks.check import Check, Context
from checks.outcome import Evidence, Observation, Status, error, failed
from checks.times import Seconds

MAX_ANSWER = 2000
"""Longest answer that is kept, in characters."""
_ONE_AT_A_TIME = threading.Lock()


class AskCheck(Check):
    """Ask a person, or take the answer from the answers file. Without `expect`, yes passes and all else fails.

    ```yaml
    kind: ask
    question: Does the picture show what the prompt says?
    look_at: [evidence/generation.png]
    role: qa-lead
    ```
    """

    observes: ClassVar[Mapping[str, str]] = {
        "answer": "what the person said: `yes` or `no` also where it was y, true, n or false; else the text or number",
        "by": "who said it",
        "at": "when, ISO 8601 UTC; null where the answers file does not say",
    }
    sole_property: ClassVar[str | None] = "answer"

    kind: Literal["ask"]
    question: str = Field(min_length=1, max_length=1000)
    look_at: tuple[str, ...] = Field(default=(), description="Paths or URLs to look at first.")
    role: str = Field(description="Who can answer it.")
    timeout: Seconds = Field(default=3600.0, description="After that nobody is waited for.")

    def observe(self, context: Context) -> Observation:
        """Take the answer where there is one, ask where a person is there, else wait for one."""
        if self.id in context.answers:
            return self._settled(_from_file(context.answers[self.id]), context)
        if not context.interactive:
            return Observation(
                {"answer": None, "by": None, "at": None},
                status=Status.PENDING,
                reason=f"{self.role} is asked: {self.question}",
                remedy=f"answer {self.id} in the file of --answers, or run with a terminal",
            )
        with _ONE_AT_A_TIME:
            text = ask_on_terminal(self.question, self.look_at, self.role)
        answered = {"answer": text, "by": _user(), "at": context.now().isoformat()}
        return self._settled(answered, context)

    def _settled(self, answered: Mapping[str, Any] | None, context: Context) -> Observation:
        if answered is None:
            return error(f"the answer to {self.id} needs `answer`, or {{answer, by, at}}, as one value each")
        answer = _yes_or_no(answered["answer"])
        properties = {"answer": answer, "by": answered["by"], "at": answered["at"]}
        record = {"question": self.question, "look_at": self.look_at, "role": self.role, **properties}
        evidence = Evidence("answer.json", json.dumps(record, indent=1, ensure_ascii=False).encode())
        if answer is None or answer == "" or len(str(answer)) > MAX_ANSWER:
            return Observation(
                {}, (evidence,), Status.PENDING, f"{self.role} gave no usable answer to: {self.question}"
            )
        if self.expect:
            return Observation(properties, (evidence,))
        if answer == "yes":
            return Observation(properties, (evidence,), Status.PASS, f"yes, says {answered['by']}")
        return failed(f"{answered['by']} answered {answer!r} to: {self.question}", evidence, **properties)


def ask_on_terminal(question: str, look_at: tuple[str, ...], role: str, read: Callable[[], str] = input) -> str:
    """The line that a person types; everything shown goes to stderr. An ended input is an empty answer."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(stderr=True)
    console.print(f"\n[bold]{escape(question)}[/bold]  ({escape(role)})")
    for place in look_at:
        console.print(f"  look at {escape(place)}")
    console.print("  answer (yes, no, or a text): ", end="")
    try:
        return read()
    except EOFError:
        return ""


def _from_file(given: Any) -> dict[str, Any] | None:
    if isinstance(given, Mapping):
        if "answer" not in given or not set(given) <= {"answer", "by", "at"}:
            return None
        found = {"answer": given["answer"], "by": given.get("by") or "answers file", "at": given.get("at")}
    else:
        found = {"answer": given, "by": "answers file", "at": None}
    if any(isinstance(value, (Mapping, list, tuple)) for value in found.values()):
        return None
    return {**found, "by": str(found["by"]), "at": None if found["at"] is None else str(found["at"])}


def _yes_or_no(answer: Any) -> Any:
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    if not isinstance(answer, str):
        return answer
    return {"y": "yes", "yes": "yes", "n": "no", "no": "no"}.get(answer.strip().lower(), answer.strip())


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
