"""Shell lines of a page as programs and arguments, with the comments beside them; nothing is ever run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace

from checks.importing.outline import Block

MOST_LINES = 40
"""Lines that one quotation may run over."""
_SUBSTITUTED = re.compile(r"\$\([^()]{0,500}\)|`[^`]{0,500}`")
_ASSIGNED = re.compile(r"^[A-Za-z_]\w*=\$\((?P<inner>.*)\)$", re.DOTALL)
_PROMPT = re.compile(r"^\s*\$\s+")
LANGUAGES = {"", "bash", "sh", "shell", "console", "zsh", "shell-session"}


@dataclass(frozen=True)
class Pipeline:
    """Programs that feed each other, each with its arguments; `comments` stand beside it, `folder` was changed to.

    `certain` is false where the line does more than its programs say, such as writing into a file.
    """

    line: int
    programs: tuple[tuple[str, ...], ...]
    comments: tuple[str, ...] = ()
    folder: str | None = None
    certain: bool = True

    @property
    def first(self) -> tuple[str, ...]:
        """The first program and its arguments."""
        return self.programs[0]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its programs."""
        return tuple(program[0] for program in self.programs)

    @property
    def said(self) -> str:
        """The comments as one text."""
        return "; ".join(self.comments)


def pipelines(block: Block) -> list[Pipeline]:
    """What a block of shell lines would run, in order; lines that cannot be taken apart are left out.

    A comment belongs to the line before it, or to the next one after a blank line or at the start.
    """
    if block.language not in LANGUAGES:
        return []
    found: list[Pipeline] = []
    waiting: list[str] = []
    folder: str | None = None
    after_blank = True
    for number, text in _logical_lines(block):
        if not text.strip():
            after_blank = True
            continue
        code, comment = _without_comment(text)
        if comment and not code.strip():
            if after_blank or not found:
                waiting.append(comment)
            else:
                found[-1] = replace(found[-1], comments=(*found[-1].comments, comment))
            continue
        after_blank = False
        for each in _commands(code, number):
            if each.first[0] == "cd" and len(each.first) == 2:
                folder = each.first[1]
                continue
            comments = (*waiting, comment) if comment else tuple(waiting)
            found.append(replace(each, comments=comments, folder=folder))
            waiting = []
    return found


def one_line(text: str, line: int) -> list[Pipeline]:
    """The same for code within a line of text."""
    return list(_commands(text, line))


def _logical_lines(block: Block) -> Iterator[tuple[int, str]]:
    start, gathered = block.line, ""
    for offset, line in enumerate(block.lines):
        if not gathered:
            start = block.line + offset
        gathered = f"{gathered}\n{line}" if gathered else _PROMPT.sub("", line)
        if gathered.endswith("\\"):
            gathered = gathered[:-1]
        elif _is_whole(gathered) or gathered.count("\n") > MOST_LINES:
            yield start, gathered
            gathered = ""
    if gathered:
        yield start, gathered


def _is_whole(text: str) -> bool:
    quote = _scan(text)[0]
    return not quote


def _scan(text: str) -> tuple[str, int]:
    """The quotation that is open at the end, and where an unquoted comment begins (the length where none does)."""
    quote = ""
    escaped = False
    for index, each in enumerate(text):
        if escaped:
            escaped = False
        elif each == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if each == quote else quote
        elif each in "'\"":
            quote = each
        elif each == "#" and (index == 0 or text[index - 1].isspace()):
            end = text.find("\n", index)
            if end < 0:
                return quote, index
    return quote, len(text)


def _without_comment(text: str) -> tuple[str, str]:
    _, start = _scan(text)
    return text[:start], text[start:].lstrip("# ").strip()


def _commands(code: str, line: int) -> Iterator[Pipeline]:
    inner = _ASSIGNED.match(code.strip())
    text = _SUBSTITUTED.sub("_", inner["inner"] if inner else code)
    lexer = shlex.shlex(text, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        lexemes = list(lexer)
    except ValueError:
        return
    programs: list[tuple[str, ...]] = []
    words: list[str] = []
    certain = True
    for lexeme in [*lexemes, ";"]:
        if not set(lexeme) <= set("|&;<>"):
            words.append(lexeme)
            continue
        if set(lexeme) & set("<>"):
            certain = False
            continue
        if words:
            programs.append(tuple(words))
            words = []
        if lexeme != "|" and programs:
            yield Pipeline(line, tuple(programs), certain=certain and lexeme != "&")
            programs, certain = [], True
