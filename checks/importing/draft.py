"""What the importer makes of a line: the fields of a check, and which lines it covers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()]{0,500}\)")
_BOLD = re.compile(r"\*\*|__|`|~~")
_TICKS = re.compile(r"[✅❌☑✔✓]\ufe0f?")
LONGEST_TITLE = 200


@dataclass(frozen=True)
class Draft:
    """A check to be: the kind and its own fields, what it says beside its item's title, and lines it also covers."""

    fields: Mapping[str, Any]
    says: str = ""
    lines: tuple[int, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether a person is asked."""
        return bool(self.fields["kind"] == "ask")


@dataclass(frozen=True)
class Understood:
    """What was made of an item: drafts, and the lines of its details that they answer for."""

    drafts: tuple[Draft, ...] = ()
    lines: frozenset[int] = field(default_factory=frozenset)

    def __add__(self, other: Understood) -> Understood:
        """Both together."""
        return Understood((*self.drafts, *other.drafts), self.lines | other.lines)


def plain(text: str) -> str:
    """A line without Markdown's marks, ticks, control characters and anything that `${…}` would take for a name.

    >>> plain("**Tests** pass (`make test`) ✅")
    'Tests pass (make test)'
    """
    text = _TICKS.sub("", _BOLD.sub("", _LINK.sub(r"\1", text)))
    if not text.isprintable():
        text = "".join(each if unicodedata.category(each)[0] != "C" else " " for each in text)
    return " ".join(text.replace("${", "$ {").split())


def title(text: str, says: str = "") -> str:
    """A check's title of at most 200 characters, never empty."""
    whole = plain(text) or "This line"
    whole = f"{whole[: LONGEST_TITLE - len(says) - 3]}: {says}" if says else whole
    return whole if len(whole) <= LONGEST_TITLE else f"{whole[: LONGEST_TITLE - 1]}…"


def literal(value: Any) -> Any:
    """`value` with every `${` escaped, so that the checklist takes it as it stands."""
    if isinstance(value, dict):
        return {key: literal(each) for key, each in value.items()}
    if isinstance(value, list):
        return [literal(each) for each in value]
    return value.replace("${", "$${") if isinstance(value, str) else value
