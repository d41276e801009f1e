"""A report read back by a Markdown parser, as a reader's browser would."""

from __future__ import annotations

from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token


@dataclass
class Cell:
    """What a cell shows: its text, its code spans, where its links lead, and the HTML it holds."""

    text: str = ""
    codes: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)


@dataclass
class Table:
    """A table under a heading; the first row is the header."""

    heading: str
    rows: list[list[Cell]] = field(default_factory=list)

    @property
    def header(self) -> list[str]:
        """The words of the header."""
        return [cell.text for cell in self.rows[0]]


@dataclass
class Parsed:
    """A whole report."""

    headings: list[tuple[int, str]]
    tables: list[Table]
    blocks: list[str]
    html: list[str]
    links: list[str]
    texts: list[str]
    types: set[str]

    def tables_with(self, *header: str) -> list[Table]:
        """The tables whose header begins with these words."""
        return [table for table in self.tables if table.header[: len(header)] == list(header)]


def parse(markdown: str) -> Parsed:
    """Read a report as CommonMark with tables and strikethrough."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    parsed = Parsed([], [], [token.type for token in tokens], [], [], [], {token.type for token in tokens})
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "html_block":
            parsed.html += token.content.strip().splitlines()
        elif token.type == "table_open":
            parsed.tables.append(Table(parsed.headings[-1][1]))
        elif token.type == "tr_open":
            parsed.tables[-1].rows.append([])
        elif token.type == "inline":
            cell = _cell(token.children or [], parsed)
            if before is not None and before.type == "heading_open":
                parsed.headings.append((int(before.tag[1]), cell.text))
            elif before is not None and before.type in {"td_open", "th_open"}:
                parsed.tables[-1].rows[-1].append(cell)
    return parsed


def _cell(children: list[Token], parsed: Parsed) -> Cell:
    cell = Cell()
    for child in children:
        parsed.types.add(child.type)
        if child.type == "text":
            cell.text += child.content
            parsed.texts.append(child.content)
        elif child.type == "code_inline":
            cell.text += child.content
            cell.codes.append(child.content)
        elif child.type == "html_inline":
            cell.html.append(child.content)
            cell.text += "\n" if child.content == "<br>" else ""
        elif child.type == "link_open":
            cell.links.append(str(child.attrs["href"]))
    parsed.html += cell.html
    parsed.links += cell.links
    return cell
