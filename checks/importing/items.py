"""An item of the page as checks: what is surely understood, and a question about the rest."""

from __future__ import annotations

import re
from typing import Any

from checks.importing.command_rules import checks_of_lines
from checks.importing.draft import Draft, plain
from checks.importing.outline import Item
from checks.importing.request_rules import checks_of_requests, repeated
from checks.importing.surroundings import Page, item_pipelines
from checks.importing.word_rules import borrowed_tests, checks_of_words, reads_logs

ROLE = "release-manager"
"""Whose answer an imported question waits for; the page names nobody."""
LONGEST_QUESTION = 900
_FACTS = "status|developer|tech lead|owner|author|tests?|evidence|note|warnings?|content|date|file|see|deliverables"
_NO_FACT = re.compile(rf"^(?!\W{{0,4}}(?:{_FACTS})\b[^:]{{0,20}}:)", re.IGNORECASE)
"""Details that ask for something, where an item has no command: all that do not merely tell of it."""
_ASKS = re.compile(r"^(?:expected|verify|check|should|must|ensure|confirm|returns)\b", re.IGNORECASE)


def drafts_of(item: Item, page: Page) -> list[Draft]:
    """Every check that an item becomes; the last is a question where something is left to a person."""
    words, understood = checks_of_words(item, page)
    lines = item_pipelines(item)
    if any(draft.fields["kind"] == "metric" for draft in words) and all(reads_logs(line) for line in lines):
        understood |= {line.line for line in lines}
        lines = []
    drafts, known = repeated(item, page)
    understood |= known
    drafts += words
    for made, known in (
        checks_of_requests(lines, item, page),
        checks_of_lines(lines, item, page),
    ):
        drafts += made
        understood |= known
    drafts = drafts or borrowed_tests(item, page)
    if not drafts:
        return [question(item, item.whole, tuple(detail.line for detail in item.details if detail.claims))]
    left = [line for line in lines if line.line not in understood and line.line != item.line]
    asks = _ASKS if item_pipelines(item) else _NO_FACT
    said = [each for each in item.details if each.line not in understood and (each.claims or asks.match(each.text))]
    if left or said:
        whole = "\n".join([item.text, *(each.text for each in said), *(" ".join(line.first) for line in left)])
        drafts.append(question(item, whole, tuple(each.line for each in said), "what is left to a person"))
    return drafts


def question(item: Item, text: str, lines: tuple[int, ...] = (), says: str = "") -> Draft:
    """A question with the page's text, to be mechanised later."""
    asked = "; ".join(filter(None, map(plain, text.splitlines())))[:LONGEST_QUESTION] or "Is this done?"
    fields: dict[str, Any] = {
        "kind": "ask",
        "question": asked,
        "role": ROLE,
        "todo": "Mechanise this line, or keep it a question.",
    }
    return Draft(fields, says, lines)
