"""The few commands of the pages that are not typed by test_commands_typed.py: the program understands them at least."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from proxy.command import application as image_proxy
from signoff.main import application as signoff
from tests.docs.pages import NOT_TYPED, PAGES, ROOT, is_typed, lines_of

PROGRAMS: dict[str, Any] = {"signoff": get_command(signoff), "image-proxy": get_command(image_proxy)}


def words_of(line: str) -> list[str]:
    """The first command of a line, without what is set for it, where its output goes, and what is piped to others."""
    if re.match(r"[A-Z_]+=\$\(", line):
        return []
    words = shlex.split(line, comments=True)
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words.pop(0)
    ends = [number for number, word in enumerate(words) if word in {">", "|", "&&"}]
    return words[: min(ends, default=len(words))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_ours_that_is_not_typed_is_understood(page: Path) -> None:
    for line in lines_of(page):
        name, *given = words_of(line) or [""]
        program = PROGRAMS.get(name.removeprefix(".venv/bin/"))
        if program is not None and not is_typed(line):
            _understand(program, name, given)


def _understand(program: Any, name: str, given: list[str]) -> None:
    """Parse as the program does, without running; what it does not understand is raised."""
    context = program.make_context(name, list(given), resilient_parsing=False)
    while hasattr(context.command, "resolve_command"):
        rest = [*context._protected_args, *context.args]
        word, command, rest = context.command.resolve_command(context, rest)
        context = command.make_context(word, rest, parent=context)


def test_what_is_not_understood_is_found() -> None:
    with pytest.raises(Exception, match="No such option"):
        _understand(PROGRAMS["signoff"], "signoff", ["rollback", "check", "--nothing"])
    with pytest.raises(Exception, match="No such command"):
        _understand(PROGRAMS["signoff"], "signoff", ["nothing"])


def test_every_line_that_is_not_typed_is_on_a_page() -> None:
    lines = [line for page in PAGES for line in lines_of(page)]
    assert [begin for begin in NOT_TYPED if not any(line.startswith(begin) for line in lines)] == []


def test_every_page_is_looked_at() -> None:
    folders = [*(ROOT / "docs").glob("*.md"), *(ROOT / "runbooks").glob("*.md"), ROOT / "README.md"]
    assert set(PAGES) == set(folders)
