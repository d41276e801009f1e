"""Every command of every page: those that no test runs are at least understood by the program, or are named here.

A block marked `run`, `start` or `verify` is run by the tests of its page, as are those of `RUN_ELSEWHERE`. The
runbooks' commands that only look are run against a real proxy by tests/signoff/test_live_target.py.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from checks.markdown import read_markdown
from proxy.command import application as image_proxy
from signoff.main import application as signoff

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "runbooks").glob("*.md"))]
PROGRAMS: dict[str, Any] = {"signoff": get_command(signoff), "image-proxy": get_command(image_proxy)}
RUN = {"run", "start", "verify"}
RUN_ELSEWHERE = {"docs/signing.md"}

OTHERS = {
    "make": "the whole project's own targets: CI runs them",
    ".venv/bin/python": "parts of the test suite, which is running",
    "npm": "the set-up of the suite",
    "pip": "installs from an index",
    "/opt/image-proxy/v3.3.20/bin/pip": "installs from an index",
    "pipx": "installs from an index",
    "uv": "installs from an index",
    "gh": "comments on GitHub",
    "docker": "needs a container engine; tests/packaging go through the Dockerfile's steps",
    "systemctl": "needs root on a machine that is given to it",
    "systemd-analyze": "needs root on a machine that is given to it",
    "useradd": "needs root on a machine that is given to it",
    "install": "needs root on a machine that is given to it",
    "ln": "needs root on a machine that is given to it",
    "/opt/image-proxy/current/bin/image-proxy": "an installed release",
    "/opt/image-proxy/v3.3.20/bin/image-proxy": "an installed release",
    "curl": "tests/signoff/test_live_target.py runs what only looks; the rest needs a fault, or another's service",
    "jq": "tests/signoff/test_live_target.py runs it on a real log, but for requests that were seen before",
    "python3": "standard library only",
    "export": "settings; tests/runbooks compare them with the server's",
    "umask": "the shell's own",
    "cat": "the shell's own, with what is typed",
    "chmod": "the shell's own",
    "mkdir": "the shell's own",
    "cp": "the shell's own",
    "mv": "the shell's own",
    "rm": "the shell's own",
    "ls": "the shell's own",
    "du": "tests/signoff/test_live_target.py runs it",
    "touch": "the shell's own",
    "tar": "the shell's own",
    "kill": "ends the server",
}
"""Programs of others, by why their lines are not run here."""


def lines_of(page: Path) -> list[str]:
    """The command lines of a page that no test of it runs, each whole."""
    if page.relative_to(ROOT).as_posix() in RUN_ELSEWHERE:
        return []
    blocks = [block for block in read_markdown(page).blocks if block.info[:1] == ("sh",)]
    whole = [block.content.replace("\\\n", " ") for block in blocks if not RUN & set(block.info)]
    return [line for each in whole for line in each.splitlines() if line.strip() and not line.startswith("#")]


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
def test_every_command_that_is_not_run_is_understood(page: Path) -> None:
    for line in lines_of(page):
        name, *given = words_of(line) or ["export"]
        program = PROGRAMS.get(name.removeprefix(".venv/bin/"))
        if program is None:
            assert name in OTHERS, line
        else:
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


def test_every_other_program_that_is_named_here_is_on_a_page() -> None:
    named = {words[0] for page in PAGES for line in lines_of(page) if (words := words_of(line))}
    assert OTHERS.keys() - named == set()
