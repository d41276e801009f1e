"""A page taken apart: sections, and in each the lines that claim something with what hangs on them.

What counts as a claim is decided by `checks.page` alone, so that an imported checklist covers what lint asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from checks.page import claims

_HEADING = re.compile(r"^ {0,3}(?P<level>#{1,6})\s+(?P<text>.*?)(?:\s+#+)?\s*$")
_FENCE = re.compile(r"^\s*(?P<mark>`{3,}|~{3,})\s*(?P<language>[\w+-]*)")
_BOX = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+\[[ xX]\]\s")
_STEP = re.compile(r"^\s*\d+[.)]\s")
_BULLET = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?")
_FACT = re.compile(r"^\s*(?:[-*+]\s+)?\*\*(?P<key>[^*:]{1,40}):?\*\*:?\s*(?P<value>.*)$")

LONGEST_LINE = 1000
"""Characters of a line that are looked at; what follows is prose."""

Sort = Literal["box", "step", "row", "tick"]


@dataclass(frozen=True)
class Detail:
    """A line below an item; `claims` says whether something must cover it."""

    line: int
    text: str
    claims: bool


@dataclass(frozen=True)
class Block:
    """A fenced block; `line` is that of its first line of content, `label` the text before it."""

    line: int
    language: str
    label: str
    lines: tuple[str, ...]


@dataclass
class Item:
    """A line that claims something, and what hangs on it."""

    sort: Sort
    line: int
    text: str
    indent: int
    details: list[Detail] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    @property
    def whole(self) -> str:
        """The item and its details, a line each."""
        return "\n".join([self.text, *(detail.text for detail in self.details)])


@dataclass
class Section:
    """What stands between a heading and the next; `above` are the headings that it belongs to, the page's title out."""

    title: str
    level: int
    line: int
    above: tuple[str, ...]
    items: list[Item] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    facts: dict[str, tuple[int, str]] = field(default_factory=dict)
    """`**Key**: value` lines, by the key in lower case."""


@dataclass(frozen=True)
class Outline:
    """A page: its title, and its sections, the first of which is what stands before any heading."""

    text: str
    lines: tuple[str, ...]
    title: str
    sections: tuple[Section, ...]

    @property
    def items(self) -> Iterator[Item]:
        """Every item, in the page's order."""
        for section in self.sections:
            yield from section.items


def cells(row: str) -> list[str]:
    """What stands in the cells of a table's row, empty ones left out.

    >>> cells("| a | | b |")
    ['a', 'b']
    """
    return [cell.strip() for cell in row.strip().strip("|").split("|") if cell.strip()]


def read_outline(text: str) -> Outline:
    """Take a page apart; any text is a page."""
    reading = _Reading(text)
    for number, line in enumerate(reading.lines, 1):
        reading.take(number, line)
    reading.close_fence()
    title = next((each.title for each in reading.sections if each.level == 1), "")
    return Outline(text, tuple(reading.lines), title, tuple(reading.sections))


class _Reading:
    """One pass over the lines."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        self.claimed = {claim.line: claim.text for claim in claims(text)}
        self.sections = [Section("", 0, 1, ())]
        self.item: Item | None = None
        self.label = ""
        self.fence = ""
        self.block: list[str] = []
        self.block_line = 0
        self.language = ""

    def take(self, number: int, line: str) -> None:
        fence = _FENCE.match(line)
        if self.fence:
            if fence and fence["mark"].startswith(self.fence) and not line.strip().strip(self.fence[0]):
                self.close_fence()
            else:
                self.block.append(line)
                self.claim_of_itself(number)
        elif fence:
            self.fence, self.language = fence["mark"], fence["language"].lower()
            self.block, self.block_line = [], number + 1
            self.claim_of_itself(number)
        elif heading := _HEADING.match(line):
            self.open_section(number, len(heading["level"]), heading["text"])
            self.claim_of_itself(number)
        elif line.strip():
            self.line(number, line)

    def line(self, number: int, line: str) -> None:
        indent = len(line) - len(line.lstrip())
        text = _BULLET.sub("", line, count=1).strip()[:LONGEST_LINE]
        inside = self.item is not None and indent > self.item.indent
        if number in self.claimed and (not inside or _BOX.match(line)):
            sort: Sort = "box" if _BOX.match(line) else "step" if _STEP.match(line) else "tick"
            if line.strip().startswith("|"):
                sort, text = "row", ", ".join(cells(text))
            self.item = Item(sort, number, text, indent)
            self.sections[-1].items.append(self.item)
        elif inside and self.item is not None:
            self.item.details.append(Detail(number, text, number in self.claimed))
        else:
            self.item, self.label = None, text
            if fact := _FACT.match(line):
                self.sections[-1].facts.setdefault(fact["key"].strip().lower(), (number, fact["value"].strip()))

    def claim_of_itself(self, number: int) -> None:
        """A heading, a fence or a line of a block that claims something."""
        if number not in self.claimed:
            return
        if self.item is None:
            self.sections[-1].items.append(Item("tick", number, self.claimed[number][:LONGEST_LINE], 0))
        else:
            self.item.details.append(Detail(number, self.claimed[number][:LONGEST_LINE], claims=True))

    def open_section(self, number: int, level: int, title: str) -> None:
        above: list[tuple[int, str]] = []
        for section in self.sections:
            above = [each for each in above if each[0] < section.level]
            above.append((section.level, section.title))
        headings = tuple(title for depth, title in above if 1 < depth < level)
        self.sections.append(Section(title[:LONGEST_LINE], level, number, headings))
        self.item, self.label = None, ""

    def close_fence(self) -> None:
        if not self.fence:
            return
        block = Block(self.block_line, self.language, self.label, tuple(self.block))
        (self.sections[-1].blocks if self.item is None else self.item.blocks).append(block)
        self.fence = ""
