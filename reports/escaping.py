"""Text of unknown origin made harmless for Markdown: it stays one line of plain text, whatever it holds.

Markdown here is GitHub's: CommonMark with tables, strikethrough and automatic links. Every function returns
`markupsafe.Markup`, which marks text that templates may write as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from markupsafe import Markup

from checks.redaction import visible

LONGEST = 600
"""Characters of one text that a report shows; what is longer is cut, and the evidence has the whole."""
LINE_BREAK = Markup("<br>")
NOTHING = Markup("—")

_SPACE = re.compile(r"[ \t\r\n]+")
_SPECIAL = re.compile(r"[\\`*\[\]>&|~$#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_LINE_START = re.compile(r"^([-+])|^([0-9]{1,9})([.)])(?=\s|$)")
_LINE_END = re.compile(r" *\n\s*| {2,}")
_WORD = re.compile(r"[^\s`|]+")
_BECOMES_A_LINK = re.compile(r"://|www\.|@[A-Za-z0-9]|#[0-9]", re.IGNORECASE)
"""GitHub links addresses, people and issues by itself in text, and in no code span."""
_BACKTICKS = re.compile(r"`+")


def plain(value: object, limit: int = LONGEST) -> str:
    r"""One line, with everything that acts unseen written out; cut at `limit` characters, and the cut is named.

    >>> plain("two\n lines\x1b")
    'two lines\\u001b'
    """
    line = visible(_SPACE.sub(" ", str(value)).strip())
    return line if len(line) <= limit else f"{line[:limit].rstrip()}… ({len(line)} characters)"


def text(value: object) -> Markup:
    r"""Plain text: no mark-up, no HTML, no link, no mention, no end of a table's cell. Addresses become code spans.

    >>> print(text("a|b <b> *c* snake_case _d_ of http://x.org"))
    a\|b &lt;b\> \*c\* snake_case \_d\_ of `http://x.org`
    """
    if isinstance(value, Markup):
        return value
    line = plain(value)
    pieces: list[str] = []
    done = 0
    for word in _WORD.finditer(line):
        if _BECOMES_A_LINK.search(word[0]):
            pieces += _escaped(line[done : word.start()]), f"`{word[0]}`"
            done = word.end()
    pieces.append(_escaped(line[done:]))
    escaped = _LINE_START.sub(lambda found: f"{found[2] or ''}\\{found[1] or found[3]}", "".join(pieces))
    return Markup(escaped)  # noqa: S704 - escaped by the lines above


def _escaped(part: str) -> str:
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", part).replace("<", "&lt;")


def titled(title: object) -> Markup:
    """A title as `text` has it; one that shows nothing says so."""
    return text(title) or Markup("(untitled)")


def code(value: object) -> Markup:
    """A code span, fenced by more backticks than any run inside; readers differ on a pipe there, so then plain text.

    >>> print(code("a `tick`"))
    `` a `tick` ``
    """
    line = plain(value)
    if "|" in line or not line:
        return text(line)
    fence = "`" * (1 + max((len(run) for run in _BACKTICKS.findall(line)), default=0))
    pad = " " if "`" in (line[0], line[-1]) else ""
    return Markup(f"{fence}{pad}{line}{pad}{fence}")  # noqa: S704 - the fence is longer than any run inside


def row(written: Markup) -> Markup:
    """One line of what a template writes on several; escaped text has neither line ends nor two spaces in a row."""
    return Markup(_LINE_END.sub(" ", written.strip()) + "\n")  # noqa: S704 - of Markup, with white space changed


def link(label: object, target: str | None) -> Markup:
    """A link to a target of `reports.links`, or the label alone where there is none; no part of it is an entity."""
    shown = text(label) or NOTHING
    if not target:
        return shown
    return Markup(f"[{shown}]({target.replace('&', '&amp;')})")  # noqa: S704 - the target is percent-encoded


def stacked(values: Iterable[object]) -> Markup:
    """Texts one under the other in a cell; a dash where there is none."""
    return LINE_BREAK.join([text(value) for value in values]) or NOTHING
