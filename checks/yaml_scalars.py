"""What an unquoted YAML text means: the core schema of YAML 1.2, and nothing that YAML 1.1 reads otherwise.

Rules: https://yaml.org/spec/1.2.2/#103-core-schema and https://yaml.org/type/ (the types of YAML 1.1).
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

Plain = str | int | float | bool | None

INTEGER_LIMIT = 2**63
"""Integers stay below this in magnitude, as in JSON readers and databases; longer ones are identifiers, so text."""

_CONSTANTS: dict[str, bool | None] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGERS = {10: re.compile(r"[-+]?(?:0|[1-9][0-9]*)"), 8: re.compile(r"0o[0-7]+"), 16: re.compile(r"0x[0-9a-fA-F]+")}
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")

_SURPRISES = tuple(
    (re.compile(pattern), reading)
    for pattern, reading in {
        r"(?i:yes|no|on|off|y|n)": "is a boolean to some YAML readers and text to others",
        r"[-+]?0[0-9_]+(?:\.[0-9_]*)?": "starts with a zero: octal to some YAML readers, decimal to others",
        r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?": "is a number in base 60 to some YAML readers",
        r"[-+]?0b[01_]+|[-+]?0x[0-9a-fA-F_]+": "is a number to some YAML readers and text to others",
        r"[-+]?[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?": "is a number to some YAML readers and text to others",
        r"(?i:[-+]?\.?(?:nan|inf|infinity))": "is not a finite number",
        r"<<": "merges mappings in some YAML readers",
    }.items()
)


@lru_cache(maxsize=4096)
def plain_scalar(text: str) -> Plain:
    """Return the value of an unquoted scalar: null, boolean, integer, finite float, else the text itself.

    Timestamps stay text. Raises ValueError for a text that YAML 1.1 and 1.2 read differently, for NaN and infinity,
    and for integers from 2**63 on; the message says what to write.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    for base, pattern in _INTEGERS.items():
        if pattern.fullmatch(text):
            return _integer(text, base)
    if _FLOAT.fullmatch(text):
        return _finite(text)
    for pattern, reading in _SURPRISES:
        if pattern.fullmatch(text):
            raise ValueError(f"{text} {reading}; {_advice(text)}")
    return text


def _integer(text: str, base: int) -> int:
    digits = text[2:] if base != 10 else text
    value = int(digits, base) if len(digits) <= 64 else INTEGER_LIMIT
    if abs(value) >= INTEGER_LIMIT:
        raise ValueError(
            f'this number has {len(digits)} digits, too many to be exact everywhere; quote it: "{text[:20]}…"'
        )
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is not a finite number: it is too large")
    return value


def _advice(text: str) -> str:
    boolean = {"y": "true", "yes": "true", "on": "true", "n": "false", "no": "false", "off": "false"}.get(text.lower())
    return f'quote it ("{text}") or write {boolean}' if boolean else f'quote it: "{text}"'
