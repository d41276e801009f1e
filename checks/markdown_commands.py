"""Runs the commands of a document's blocks that are marked `run`, one line at a time and without a shell."""

from __future__ import annotations

import re
import shlex
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.check import Context
from checks.markdown import Markdown
from checks.process import run_process

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE_TIMEOUT_S = 30.0
SHELL = re.compile(r"[|><&;`$]")
"""What only a shell would understand."""
MAXIMUM_OUTPUT = 300


@dataclass(frozen=True)
class Command:
    """A line that was run, or refused; `problem` is empty where it ended with 0."""

    line: int
    text: str
    problem: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}: {self.problem or 'ok'}"


def run_blocks(document: Markdown, context: Context) -> list[Command]:
    """Run every line of every block whose info string has the word `run`, in the checklist's folder.

    Blank lines and comments are left out. A line has at most 30 s, and all of them the check's time; a line that
    needs a shell is refused, and so counts as failed.
    """
    deadline = time.monotonic() + context.timeout_s
    return [Command(number, text, _problem(text, context, deadline)) for number, text in _lines(document)]


def _lines(document: Markdown) -> Iterator[tuple[int, str]]:
    for block in document.blocks:
        if "run" in block.info[1:]:
            for number, line in enumerate(block.content.splitlines(), start=block.line):
                if line.strip() and not line.lstrip().startswith("#"):
                    yield number, line.strip()


def _problem(text: str, context: Context, deadline: float) -> str:
    shell = SHELL.search(text)
    if shell is not None:
        return f"refused: {shell[0]} needs a shell"
    try:
        argv = shlex.split(text, comments=True)
    except ValueError as unclosed:
        return f"refused: {unclosed}"
    remaining = min(LINE_TIMEOUT_S, deadline - time.monotonic())
    if remaining <= 0:
        return "not run: the check's time was over"
    result = run_process(argv, cwd=context.root, env=context.environment, timeout_s=remaining, stop=context.stop)
    if result.timed_out:
        return f"did not end within {remaining:.0f} s"
    if result.exit_code == 0:
        return ""
    said = " ".join(result.stderr.decode("utf-8", "replace").split())[-MAXIMUM_OUTPUT:]
    return f"{result.failure or result.signal or f'ended with {result.exit_code}'}{': ' if said else ''}{said}"
