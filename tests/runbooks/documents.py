"""The documents as tests read them: sections, tables and inline code, by markdown-it-py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from checks.markdown import Markdown, read_markdown

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("configuration", "operations", "rollback", "testing", "troubleshooting", "workflow")

Table = list[list[str]]

SETTING = re.compile(r"\b((?:GEMINI|CACHE|IMAGE_PROXY)_[A-Z_]*[A-Z])\b")
"""The name of a setting, wherever it stands."""


@cache
def document(name: str) -> Markdown:
    """One of the runbooks."""
    return read_markdown(ROOT / "runbooks" / f"{name}.md")


def everything() -> Iterator[tuple[str, str]]:
    """Every piece of code of every document, inline or in a block, with the document's name."""
    for name in NAMES:
        yield from ((name, code) for code in document(name).inline_code)
        yield from ((name, block.content) for block in document(name).blocks)


def sections(name: str, level: int, under: str) -> dict[str, str]:
    """The text of each section of a level below the heading `under`, by heading without backticks."""
    found: dict[str, str] = {}
    inside, current = False, ""
    for line in document(name).text.splitlines():
        heading = re.fullmatch(r"(#+) (.*)", line)
        if heading and len(heading[1]) < level:
            inside, current = heading[2] == under, ""
        elif heading and len(heading[1]) == level and inside:
            current = heading[2].strip("`")
            found[current] = ""
        elif current:
            found[current] += line + "\n"
    return found


def tables(name: str, heading: str) -> list[Table]:
    """The tables of the section that `heading` begins, up to the next heading; rows of cells, without the header."""
    found: list[Table] = []
    inside = body = False
    tokens = document(name).tokens
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            inside = tokens[index + 1].content.strip("`") == heading
        elif token.type == "thead_open":
            body = False
        elif inside and token.type == "tbody_open":
            body = True
            found.append([])
        elif inside and body and token.type == "tr_open":
            found[-1].append([])
        elif inside and body and token.type == "td_open":
            found[-1][-1].append(tokens[index + 1].content)
    return found


def plain(cell: str) -> str:
    """A cell's text without backticks and separators of thousands."""
    return re.sub(r"(?<=\d),(?=\d{3})", "", cell.replace("`", ""))
