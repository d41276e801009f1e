"""A Markdown document taken apart: headings, sections, links, inline code and fenced blocks.

Source of the grammar: CommonMark with GitHub's tables and strike-through, as markdown-it-py reads it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from checks.contents import read_bounded

if TYPE_CHECKING:
    from markdown_it.token import Token

_EXTERNAL = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_ANCHOR = re.compile(r"""<[a-z][^<>]{0,200}?\s(?:id|name)\s*=\s*["']([^"'<>]{1,200})["']""", re.IGNORECASE)
_COMMENT = re.compile(r"\s*(<!--.*?-->\s*)+", re.DOTALL)


@dataclass(frozen=True)
class Heading:
    """A heading; `line` counts from 1."""

    text: str
    level: int
    line: int


@dataclass(frozen=True)
class Link:
    """Where a link or an image leads, and the line of the paragraph that it stands in."""

    target: str
    line: int

    @property
    def is_external(self) -> bool:
        """Whether it leaves the folder that the document belongs to."""
        return _EXTERNAL.match(self.target) is not None


@dataclass(frozen=True)
class Block:
    """A fenced block: the words after its fence, what it holds, and the line of its first line of content."""

    info: tuple[str, ...]
    content: str
    line: int


@dataclass(frozen=True)
class Markdown:
    """A document and the tokens that it was read as."""

    path: Path
    text: str
    tokens: tuple[Token, ...]

    @cached_property
    def headings(self) -> list[Heading]:
        """The headings in order, their text without markup."""
        return [
            Heading(_plain(self.tokens[index + 1]), int(token.tag[1:]), _line(token))
            for index, token in enumerate(self.tokens)
            if token.type == "heading_open"
        ]

    @cached_property
    def empty_sections(self) -> list[str]:
        """Headings followed by nothing before the next of the same or a higher level, but comments and rules."""
        empty = []
        open_heading: str | None = None
        level = 0
        for index, token in enumerate(self.tokens):
            if token.type == "heading_open":
                if open_heading is not None and int(token.tag[1:]) <= level:
                    empty.append(open_heading)
                open_heading, level = _plain(self.tokens[index + 1]), int(token.tag[1:])
            elif open_heading is not None and _says_something(token, self.tokens[index - 1]):
                open_heading = None
        return [*empty, open_heading] if open_heading is not None else empty

    @cached_property
    def anchors(self) -> frozenset[str]:
        """What `#…` may name: each heading by GitHub's rule, and ids and names in HTML."""
        own = {
            name for token in _inside(self.tokens) if "html" in token.type for name in _ANCHOR.findall(token.content)
        }
        return frozenset(own) | frozenset(slugs(heading.text for heading in self.headings))

    @cached_property
    def links(self) -> list[Link]:
        """Links and images in order, those of the form `[text][reference]` too."""
        return [
            Link(str(inner.attrs[attribute]), _line(token))
            for token in self.tokens
            for inner in token.children or ()
            for attribute in ("href", "src")
            if attribute in inner.attrs
        ]

    @cached_property
    def inline_code(self) -> list[str]:
        """What stands between backticks, in order."""
        return [token.content for token in _inside(self.tokens) if token.type == "code_inline"]

    @cached_property
    def first_column(self) -> list[str]:
        """What stands between backticks in the first cell of each row of a table, its head left out."""
        cells = [self.tokens[index + 2] for index, token in enumerate(self.tokens) if token.type == "tr_open"]
        opened = [self.tokens[index + 1].type for index, token in enumerate(self.tokens) if token.type == "tr_open"]
        rows = [cell for cell, kind in zip(cells, opened, strict=True) if kind == "td_open"]
        return [token.content for token in _inside(rows) if token.type == "code_inline"]

    def section(self, heading: str) -> Markdown:
        """The part below the heading of this text, up to the next of the same or a higher level; empty without it."""
        start = end = None
        level = 0
        for index, token in enumerate(self.tokens):
            if token.type != "heading_open":
                continue
            if start is None and _plain(self.tokens[index + 1]) == heading:
                start, level = index + 3, int(token.tag[1:])
            elif start is not None and int(token.tag[1:]) <= level:
                end = index
                break
        return Markdown(self.path, self.text, self.tokens[start:end] if start is not None else ())

    @cached_property
    def blocks(self) -> list[Block]:
        """The fenced blocks in order."""
        return [
            Block(tuple(token.info.split()), token.content, _line(token) + 1)
            for token in self.tokens
            if token.type == "fence"
        ]


def read_markdown(path: Path) -> Markdown:
    """Read a document of at most 16 MiB; raises UnreadableError, and ValueError where it is not UTF-8."""
    from markdown_it import MarkdownIt

    try:
        text = read_bounded(path).decode("utf-8")
    except UnicodeDecodeError as problem:
        raise ValueError(f"not UTF-8 at byte {problem.start}") from None
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return Markdown(path, text, tuple(parser.parse(text)))


def slugs(texts: Iterable[str]) -> Iterator[str]:
    """Yield the anchor of each heading by GitHub's rule (github/markup, html-pipeline's table of contents).

    Lower case; all but letters, digits, marks, `_`, `-` and blanks go; a blank becomes `-`; a repeated one is numbered.

    >>> list(slugs(["Error rate > 10 %", "FAQ", "FAQ"]))
    ['error-rate--10-', 'faq', 'faq-1']
    """
    seen: dict[str, int] = {}
    for text in texts:
        slug = "".join(each for each in text.lower() if _stays(each)).replace(" ", "-")
        repeated = seen.get(slug)
        seen[slug] = 0 if repeated is None else repeated + 1
        yield slug if repeated is None else f"{slug}-{repeated + 1}"


def _stays(character: str) -> bool:
    return character in "- " or character.isalnum() or unicodedata.category(character) in {"Mn", "Mc", "Me", "Pc"}


def _inside(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def _plain(inline: Token) -> str:
    spoken = [each.content for each in inline.children or () if each.type in {"text", "code_inline"}]
    return " ".join("".join(spoken).split())


def _says_something(token: Token, before: Token) -> bool:
    if token.type == "inline":
        return before.type != "heading_open" and bool(token.content.strip())
    if token.type == "html_block":
        return _COMMENT.fullmatch(token.content) is None
    return token.type in {"fence", "code_block"} and bool(token.content.strip())


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 0
