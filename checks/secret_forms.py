"""The writings of a secret, as patterns that find it in linear time.

Matched are the characters as they are and, each by itself, percent-encoded, escaped as in JSON or Python, and escaped
as in HTML, also several times over; and base64 of the secret alone or inside something longer, in both alphabets.
"""

from __future__ import annotations

import base64
from html.entities import codepoint2name
from typing import Any

import re2

SHORTEST_LINE = 16
"""Characters from which a line of a secret of several lines, such as a key file, is a secret by itself."""
PIECE_LENGTH = 64
"""Characters of a long secret that are looked for together; what is longer makes patterns too large for RE2."""


def secret_patterns(secret: str) -> list[Any]:
    """Compile what finds a secret in bytes. A long secret is looked for in pieces, each found by itself."""
    return [_compiled(piece) for piece in sorted(_pieces(secret))]


def _pieces(secret: str) -> set[str]:
    """Cut a secret into pieces that are looked for each by itself: stretches of 64 characters, and longer lines."""
    stretches = [*range(0, max(len(secret) - PIECE_LENGTH, 0), PIECE_LENGTH), max(len(secret) - PIECE_LENGTH, 0)]
    pieces = {secret[at : at + PIECE_LENGTH] for at in stretches}
    lines = [line.strip() for line in secret.splitlines()]
    if len(lines) > 1:
        pieces.update(piece for line in lines if len(line) >= SHORTEST_LINE for piece in _pieces(line))
    return pieces


def _compiled(piece: str) -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = 64 << 20
    plain = b"".join(_character(each) for each in piece)
    return re2.compile(b"|".join([plain, *_base64_forms(piece.encode("utf-8", "surrogatepass"))]), options)


_BACKSLASH = rb"(?:\\|%(?:25)*5[cC]|&(?:amp;)*#(?:92|[xX]5[cC]);)"
_AMPERSAND = rb"(?:&(?:amp;)*|%(?:25)*26(?:amp(?:;|%(?:25)*3[bB]))*)"
_HASH = rb"(?:#|%(?:25)*23)"
_SEMICOLON = rb"(?:;|%(?:25)*3[bB])"
_SHORT_ESCAPES = {"\n": b"n", "\r": b"r", "\t": b"t", "\b": b"b", "\f": b"f"}


def _character(character: str) -> bytes:
    """Build the pattern of one character in every writing: plain, %XX, \\uXXXX, \\xXX, \\n and the like, and &#N;.

    The signs that escape may be escaped themselves, so that text in JSON in HTML in a URL is found.
    """
    code = ord(character)
    plain = character.encode("utf-8", "surrogatepass")
    units = character.encode("utf-16-be", "surrogatepass")
    pairs = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
    references = [_HASH + rb"(?:0*%d|[xX]0*(?i:%x))" % (code, code)]
    if name := codepoint2name.get(code, "apos" if character == "'" else None):
        references.append(name.encode())
    forms = [
        re2.escape(plain),
        b"".join(b"%%(?:25)*(?i:%02x)" % byte for byte in plain),
        _AMPERSAND + b"(?:" + b"|".join(references) + b")" + _SEMICOLON,
    ]
    if character == " ":
        forms.append(rb"(?:\+|%(?:25)*2[bB])")
    if character in "\"'/\\":
        forms = [_BACKSLASH + b"*(?:" + b"|".join(forms) + b")"]
    forms.append(b"".join(_BACKSLASH + b"+u(?i:%04x)" % pair for pair in pairs))
    if code < 0x100:
        forms.append(_BACKSLASH + b"+x(?i:%02x)" % code)
    if character in _SHORT_ESCAPES:
        forms.append(_BACKSLASH + b"+" + _SHORT_ESCAPES[character])
    return b"(?:" + b"|".join(forms) + b")"


_ANY_DIGIT = rb"[A-Za-z0-9+/_-]?"
_LINE_BREAKS = rb"(?:[\r\n]|\\+[rn])*"


def _base64_forms(secret: bytes) -> list[bytes]:
    """Build the pattern of base64 in which the secret starts at each of the three places of a group.

    Certain are only the digits that hold nothing but bits of the secret; a digit on either side that holds some of
    them goes with them. Digits may be broken over lines.
    """
    forms = []
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + secret).rstrip(b"=")
        first, shared_before = -(-8 * before // 6), before > 0
        last, shared_after = divmod(8 * (before + len(secret)), 6)
        digits = _LINE_BREAKS.join(_base64_digit(encoded[at : at + 1]) for at in range(first, last))
        start = _ANY_DIGIT if shared_before else b""
        end = _ANY_DIGIT if shared_after else b""
        forms.append(start + digits + end + b"=*")
    return forms


def _base64_digit(digit: bytes) -> bytes:
    return {b"+": rb"(?:[+-]|%2[bB])", b"/": rb"(?:\\*/|_|%2[fF])"}.get(digit, digit)
