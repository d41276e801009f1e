"""Secrets taken out of everything that is stored or shown, in every writing that programs give them.

Which writings those are says `checks.secret_forms`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from checks.secret_forms import secret_patterns

SHORTEST_SECRET = 4
"""Characters; anything shorter stands in too many innocent words."""
LONGEST_SECRET = 16_384
"""Characters; larger than any key file, and what can still be searched for in reasonable time."""
DEEPEST_VALUE = 100
"""Levels of a value that are searched; what lies deeper is left out."""

_SECRET_WORDS = re.compile(r"(?i)token|secret|passw|passphrase|authorization|credential")
_KEY_WORD = re.compile(r"(?i)keys?(?![a-z])|(?-i:keys?(?=[A-Z]))")


def looks_secret(name: str) -> bool:
    """Whether a name is one that secrets go by: a token, secret, password, authorization, credential, or a key.

    A key is a word's end, as in `api_key`, `X-Goog-Api-Key`, `apiKey` and `KEYS`, and not in `keyboard`.
    """
    return bool(_SECRET_WORDS.search(name) or _KEY_WORD.search(name))


class Redactor:
    """Replaces some secrets, given by name, by `[redacted:NAME]`; space around a secret is no part of it.

    Raises ValueError, without the value, for a secret of fewer than 4 or more than 16,384 characters. Where a mark
    would itself hold a secret, as for a password "redacted", it is shortened to `[redacted]` or `█`.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        stripped = {name: value.strip() for name, value in secrets.items()}
        for name, value in stripped.items():
            if len(value) < SHORTEST_SECRET:
                raise ValueError(
                    f"the secret {name} has {len(value)} characters, and a secret this short would redact half the "
                    f"report; use one of at least {SHORTEST_SECRET}"
                )
            if len(value) > LONGEST_SECRET:
                raise ValueError(f"the secret {name} has {len(value)} characters; at most {LONGEST_SECRET} are allowed")
        longest_first = sorted(stripped.items(), key=lambda item: (-len(item[1]), item[0]))
        self._patterns = [
            (order, pattern) for order, (_, value) in enumerate(longest_first) for pattern in secret_patterns(value)
        ]
        self._marks = [self._mark(name) for name, _ in longest_first]

    def _mark(self, name: str) -> bytes:
        marks = (f"[redacted:{name}]".encode("utf-8", "replace"), b"[redacted]")
        harmless = (mark for mark in marks if not any(pattern.search(mark) for _, pattern in self._patterns))
        return next(harmless, "█".encode())

    def data(self, raw: bytes) -> bytes:
        """Redact bytes, which need not be text. Where secrets overlap, the whole is marked by the longest."""
        if not self._patterns:
            return raw
        found = sorted((*match.span(), order) for order, pattern in self._patterns for match in pattern.finditer(raw))
        pieces: list[bytes] = []
        done = 0
        for start, end, order in _merged(found):
            pieces += raw[done:start], self._marks[order]
            done = end
        return b"".join((*pieces, raw[done:]))

    def text(self, text: str) -> str:
        """Redact a text."""
        if not self._patterns:
            return text
        return self.data(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def value(self, value: Any) -> Any:
        """Redact a value of dicts, lists, tuples, texts, bytes and numbers; keys too.

        A number that holds a secret becomes text. Values deeper than a hundred levels are replaced by a remark.
        """
        return self._value(value, DEEPEST_VALUE)

    def _value(self, value: Any, levels: int) -> Any:
        if levels == 0:
            return f"[nested deeper than {DEEPEST_VALUE} levels]"
        match value:
            case str():
                return self.text(value)
            case bytes():
                return self.data(value)
            case Mapping():
                return self._mapping(value, levels)
            case list():
                return [self._value(each, levels - 1) for each in value]
            case tuple():
                return tuple(self._value(each, levels - 1) for each in value)
            case int() | float() if not isinstance(value, bool) and math.isfinite(value):
                written = json.dumps(value)
                redacted = self.text(written)
                return value if redacted == written else redacted
            case _:
                return value

    def _mapping(self, mapping: Mapping[Any, Any], levels: int) -> dict[Any, Any]:
        redacted: dict[Any, Any] = {}
        for key, each in mapping.items():
            name = self._value(key, levels - 1)
            while name in redacted:
                name = f"{name}′"
            redacted[name] = self._value(each, levels - 1)
        return redacted


def _merged(found: list[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """Join spans that overlap, or that touch and are of one secret; the order is that of the longest secret."""
    current: tuple[int, int, int] | None = None
    for start, end, order in found:
        if current and (start < current[1] or (start == current[1] and order == current[2])):
            current = current[0], max(end, current[1]), min(order, current[2])
        else:
            if current:
                yield current
            current = start, end, order
    if current:
        yield current


_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""Return a text with everything that acts unseen written out, as `\u202e`.

    Control characters but line feed and tab, marks of writing direction, separators and spaces of no width, tags, and
    surrogates, which no file could hold. Text is not escaped otherwise.
    """
    return _INVISIBLE.sub(lambda found: _escaped(ord(found[0])), text)


def _escaped(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
