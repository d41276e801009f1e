"""Lines that say again what earlier boxes say: matched by their words, and rolled up from them."""

from __future__ import annotations

import re
from collections import defaultdict

from checks.importing.draft import plain

_PARENTHESES = re.compile(r"\([^()]{0,300}\)")
_LABEL = re.compile(r"^(?:test|scenario|step|case|ac|story)[ -]?[0-9]{0,3}\s*:\s*", re.IGNORECASE)
_COUNT = re.compile(
    r"^all\s+([0-9]{1,4})\s+([a-z]{2,30}?)(?:ies|s)\b.*\b(?:complete|completed|done|pass|passing)\b", re.IGNORECASE
)
_IDENTIFIER = re.compile(r"(?<![0-9A-Za-z])(?:[0-9]{2,5}|[A-Z]{2,8})-[0-9]{1,6}\b")
_EMPTY = {"the", "a", "an", "of", "is", "are", "and", "all", "for", "to", "in"}
_STATES = {
    "working", "passing", "pass", "complete", "completed", "created", "validated", "verified", "updated", "reviewed",
    "done", "ok", "implemented", "documented",
}  # fmt: skip


def words_of(text: str) -> frozenset[str]:
    """The words that tell what a line is about; labels, parentheses and words of state left out.

    >>> sorted(words_of("**Test 1: Basic image generation** (`curl`)"))
    ['basic', 'generation', 'image']
    """
    bare = _LABEL.sub("", _PARENTHESES.sub("", plain(text)))
    return frozenset(re.findall(r"[a-z0-9]+", bare.lower())) - _EMPTY - _STATES


class Boxes:
    """The boxes so far, by the id of the first check of each."""

    def __init__(self) -> None:
        self._by_words: defaultdict[frozenset[str], list[str]] = defaultdict(list)
        self._with_word: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._with_identifier: defaultdict[str, list[str]] = defaultdict(list)
        self._complete: list[tuple[str, str]] = []

    def add(self, name: str, text: str) -> None:
        """Remember a box."""
        words = words_of(text)
        self._by_words[words].append(name)
        for word in words:
            self._with_word[word][name] = None
        for identifier in dict.fromkeys(_IDENTIFIER.findall(text)):
            self._with_identifier[identifier].append(name)
        if "complete" in text.lower():
            self._complete.append((plain(text).lower(), name))

    def spoken_of(self, text: str) -> list[str]:
        """The ids of the boxes that a line speaks of; nothing where more than one box could be meant.

        A box about the same, or the one box whose words hold all of at least two; `Deliverables: a, b`; `All 5 stories
        complete` where exactly five boxes are stories.
        """
        if found := self._all_of(text):
            return found
        listed = text.partition(":")[2].split(",") if text.lower().startswith("deliverables:") else []
        if len(listed) > 1:
            return [name for part in listed for name in self._one(part)]
        return self._one(text)

    def identified(self, text: str) -> list[str]:
        """The one box that names an identifier of the line, such as 007-01; nothing where several do."""
        for identifier in _IDENTIFIER.findall(text):
            found = self._with_identifier[identifier]
            if len(found) == 1:
                return list(found)
        return []

    def _one(self, text: str) -> list[str]:
        asked = words_of(text)
        if not asked:
            return []
        if same := self._by_words.get(asked):
            return list(same) if len(same) == 1 else []
        if len(asked) < 2:
            return []
        rarest = min((self._with_word[word] for word in asked), key=len)
        holding = [name for name in rarest if all(name in self._with_word[word] for word in asked)]
        return holding if len(holding) == 1 else []

    def _all_of(self, text: str) -> list[str]:
        found = _COUNT.match(plain(text))
        if found is None:
            return []
        named = [name for said, name in self._complete if re.search(rf"\b{re.escape(found[2].lower())}", said)]
        return named if len(named) == int(found[1]) > 1 else []
