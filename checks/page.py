"""The page that a checklist mechanises: which of its lines claim something, and whether each is covered (design §3).

A line claims something when it is a box, a numbered step, a row of a table, or carries a tick mark. A nested
`Status:` line says again what its box says, and is covered by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from checks.errors import ConfigurationError, Problem
from checks.loading import Loaded
from checks.outcome import Covered

MAX_PAGE_BYTES = 1 << 20

_BOX = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+\[[ xX]\]\s+(?P<text>.*)$")
_STEP = re.compile(r"^\s*\d+[.)]\s+(?P<text>.*)$")
_ROW = re.compile(r"^\s*\|(?P<text>.*)\|\s*$")
_RULE = re.compile(r"^\s*\|[\s:|-]+\|\s*$")
_STATUS = re.compile(r"^\s*[-*+]\s+(\*\*)?Status(\*\*)?:")
_TICK = "✅"


class Claim(NamedTuple):
    """A line of the page that something must cover; `line` is counted from 1."""

    line: int
    text: str


def claims(page: str) -> Iterator[Claim]:
    """The lines that claim something, in the page's order.

    >>> list(claims("# Title\\n- [ ] **Build**\\n  - Status: ✅ done\\n  - Warnings: ✅ none\\n"))
    [Claim(line=2, text='**Build**'), Claim(line=4, text='- Warnings: ✅ none')]
    """
    lines = page.splitlines()
    heads = {number for number, line in enumerate(lines[1:], 1) if _RULE.match(line)}
    for number, line in enumerate(lines, 1):
        if found := (_BOX.match(line) or _STEP.match(line)):
            yield Claim(number, found["text"].strip())
        elif _ROW.match(line):
            if not _RULE.match(line) and number not in heads:
                yield Claim(number, line.strip())
        elif _TICK in line and not _STATUS.match(line):
            yield Claim(number, line.strip())


def covered(loaded: Loaded) -> Iterator[tuple[str, tuple[str | int, ...], Covered]]:
    """What each check, criterion, step and approval says it covers, with where that stands."""
    for entry in loaded.entries:
        for each in entry.header.covers:
            yield entry.id, (*entry.path, "covers"), each
    for number, criterion in enumerate(loaded.checklist.rollback.criteria):
        for each in criterion.covers:
            yield criterion.id, ("rollback", "criteria", number, "covers"), each
    for number, step in enumerate(loaded.checklist.rollback.procedure):
        for each in step.covers:
            yield step.id, ("rollback", "procedure", number, "covers"), each
    for number, approval in enumerate(loaded.checklist.approvals):
        for each in approval.covers:
            yield approval.role, ("approvals", number, "covers"), each


def uncovered(loaded: Loaded, page: Path) -> list[Problem]:
    """Claims of `page` that nothing covers, and quotations that don't stand where they say."""
    from checks.explaining import problem_at

    text = read_page(page)
    lines = text.splitlines()
    problems = []
    seen = set()
    for name, path, each in covered(loaded):
        seen.add(each.line)
        if each.line > len(lines) or each.text not in lines[each.line - 1]:
            message = f"{name} covers line {each.line}, {each.text!r}, which does not stand there in {page}"
            problems.append(problem_at(loaded.document, path, message))
    for claim in claims(text):
        if claim.line not in seen:
            problems.append(Problem(str(page), claim.line, 1, f"nothing covers this line: {claim.text[:120]}"))
    return problems


def read_page(page: Path) -> str:
    """The text of a page; raises ConfigurationError where it cannot be read whole."""
    try:
        with page.open("rb") as stream:
            content = stream.read(MAX_PAGE_BYTES + 1)
        text = content.decode()
    except (OSError, UnicodeDecodeError) as cause:
        raise ConfigurationError([Problem(str(page), None, None, f"cannot read the page: {cause}")]) from cause
    if len(content) > MAX_PAGE_BYTES:
        raise ConfigurationError([Problem(str(page), None, None, "larger than 1 MiB; split the page")])
    return text
