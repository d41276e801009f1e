"""An HTML report read back by a parser, as a reader's browser would."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

Attributes = dict[str, str | None]
VOID = {"meta", "br", "input", "line", "path"}


@dataclass
class Element:
    """A tag with its attributes, and the text of it and of all inside."""

    tag: str
    attributes: Attributes
    inside: list[str]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """A page as a browser's parser would have it, with what was not closed as it should be."""

    elements: list[Element] = field(default_factory=list)
    misnested: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), [each.tag for each in self.open])
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs), [each.tag for each in self.open]))

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1].tag == tag:
            self.open.pop()
        else:
            self.misnested.append(tag)

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def all(self, tag: str) -> list[Element]:
        """Every element of a tag, in order."""
        return [each for each in self.elements if each.tag == tag]


def read_page(written: str) -> Page:
    """Read a whole page."""
    page = Page()
    page.feed(written)
    page.close()
    return page


def checks_of(page: Page) -> list[tuple[str | None, str | None]]:
    """Every check with its status, in order."""
    listed = [each.attributes for each in page.all("li") if "data-status" in each.attributes]
    return [(each["data-check"], each["data-status"]) for each in listed]
