"""The whole way from a page's text to a checklist's."""

from __future__ import annotations

from typing import NamedTuple

from checks.errors import ConfigurationError, Problem
from checks.importing.assembling import Counts, assemble
from checks.importing.outline import read_outline
from checks.importing.surroundings import read_page
from checks.importing.writing import as_yaml
from checks.yaml_reader import MAXIMUM_BYTES

MOST_ITEMS = 2000
"""Most boxes, steps, rows and ticks of one page."""


class Imported(NamedTuple):
    """A checklist's text, and what became of the page's boxes."""

    text: str
    counts: Counts


def import_page(text: str, name: str) -> Imported:
    """The checklist of a page; `name` is what the page is called in messages.

    Raises ConfigurationError where the page claims nothing, or so much that one checklist cannot hold it.
    """
    outline = read_outline(text)
    claiming = sum(1 for _ in outline.items)
    if not claiming:
        raise ConfigurationError([Problem(name, None, None, "no box, numbered step, table row or tick is on the page")])
    if claiming > MOST_ITEMS:
        message = f"{claiming} lines claim something; at most {MOST_ITEMS} go into one checklist: split the page"
        raise ConfigurationError([Problem(name, None, None, message)])
    checklist, counts = assemble(read_page(outline))
    heading = "Made from a page by `signoff import`. What has a `todo` waits for you; see docs/authoring.md."
    written = as_yaml(checklist, heading)
    if len(written.encode()) > MAXIMUM_BYTES:
        message = "its checklist would be larger than 1 MiB; split the page"
        raise ConfigurationError([Problem(name, None, None, message)])
    return Imported(written, counts)
