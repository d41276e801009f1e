"""Secrets do not get through in any writing; what is no secret does."""

import base64
import html
import json
import urllib.parse
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.redaction import DEEPEST_VALUE, Redactor, looks_secret, visible

AWKWARD = "pa\"s/w ö\\d'<>&+é\t𝄞=x"

WRITINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": json.dumps,
    "json in UTF-8": lambda text: json.dumps(text, ensure_ascii=False),
    "json with escaped slashes": lambda text: json.dumps(text).replace("/", "\\/"),
    "python": repr,
    "html": html.escape,
    "html without quotes": lambda text: html.escape(text, quote=False),
    "html by number": lambda text: "".join(f"&#{ord(each)};" for each in text),
    "html by hexadecimal number": lambda text: "".join(f"&#x{ord(each):X};" for each in text),
    "html by ascii": lambda text: text.encode("ascii", "xmlcharrefreplace").decode(),
    "url": urllib.parse.quote,
    "url wholly": lambda text: urllib.parse.quote(text, safe=""),
    "url in lower case": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "form": urllib.parse.quote_plus,
}
WHOLLY = {"html by number", "html by hexadecimal number", "url in lower case"}
"""These write every character anew, also the letters of an escape inside; as the outer writing they are not sought."""


def base64_in(text: str, before: str, after: str) -> list[str]:
    raw = (before + text + after).encode()
    return [base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode(), base64.encodebytes(raw).decode()]


@pytest.mark.parametrize("outer", [name for name in WRITINGS if name not in WHOLLY])
@pytest.mark.parametrize("inner", WRITINGS)
def test_finds_every_writing_in_every_writing(inner: str, outer: str) -> None:
    def write(text: str) -> str:
        return WRITINGS[outer](WRITINGS[inner](f"'a\" {text}, b"))

    redacted = Redactor({"KEY": AWKWARD}).text(write(AWKWARD))
    assert redacted.count("[redacted:KEY]") == 1
    assert len(redacted) == len(write("")) + len("[redacted:KEY]")


@pytest.mark.parametrize("after", ["", "y", "yz", ": password"])
@pytest.mark.parametrize("before", ["", "u", "us", "user:"])
def test_finds_base64_at_every_place(before: str, after: str) -> None:
    around = len(base64.b64encode(before.encode())) + len(base64.b64encode(after.encode()))
    for encoded in base64_in(AWKWARD, before, after):
        redacted = Redactor({"KEY": AWKWARD}).text(encoded)
        assert redacted.count("[redacted:KEY]") == 1
        assert len(redacted.strip()) <= len("[redacted:KEY]") + around


def test_finds_base64_that_is_broken_over_lines() -> None:
    encoded = base64.encodebytes(("x" * 50 + AWKWARD + "y" * 50).encode()).decode()
    for text in (encoded, json.dumps(encoded)):
        assert Redactor({"KEY": AWKWARD}).text(text).count("[redacted:KEY]") == 1


def test_leaves_the_rest_as_it_is() -> None:
    redactor = Redactor({"KEY": "s3cret-value"})
    assert redactor.text("key=s3cret-value, other=s3cret") == "key=[redacted:KEY], other=s3cret"
    assert redactor.data(b"\xff\x00s3cret-value\xfe") == b"\xff\x00[redacted:KEY]\xfe"
    assert redactor.text("\ud800 stays") == "\ud800 stays"


def test_names_each_secret() -> None:
    redactor = Redactor({"A": "aaaa1111", "B": "bbbb2222"})
    assert redactor.text("bbbb2222aaaa1111") == "[redacted:B][redacted:A]"


def test_the_longer_of_two_secrets_goes_first() -> None:
    redactor = Redactor({"SHORT": "token", "LONG": "token-and-more"})
    assert redactor.text("token-and-more token") == "[redacted:LONG] [redacted:SHORT]"


def test_overlapping_secrets_leave_nothing() -> None:
    assert Redactor({"A": "abcd", "B": "cdefgh"}).text("abcdefgh.") == "[redacted:B]."


def test_without_secrets_nothing_changes() -> None:
    assert Redactor({}).value({"a": ["b", 1]}) == {"a": ["b", 1]}


def test_space_around_a_secret_is_no_part_of_it() -> None:
    assert Redactor({"FILE": "s3cret-value\n"}).text("[s3cret-value]") == "[[redacted:FILE]]"


def test_a_long_secret_and_its_lines_are_found() -> None:
    lines = [base64.b64encode(bytes([line]) * 48).decode() for line in range(60)]
    key = "\n".join(("-----BEGIN KEY-----", *lines, "dGFpbA==", "-----END KEY-----")) + "\n"
    redactor = Redactor({"PEM": key})
    assert redactor.text(f"before {key}after") == "before [redacted:PEM]\nafter"
    assert redactor.text(json.dumps({"key": key})) == '{"key": "[redacted:PEM]\\n"}'
    assert redactor.text(base64.b64encode(key.encode()).decode()).startswith("[redacted:PEM]")
    assert redactor.text(f"  {lines[7]}") == "  [redacted:PEM]"


@pytest.mark.parametrize("value", ["", "abc", "abc \n"])
def test_refuses_a_secret_that_is_too_short(value: str) -> None:
    with pytest.raises(ValueError, match=r"the secret PIN has . characters, and a secret this short") as caught:
        Redactor({"PIN": value})
    assert "abc" not in str(caught.value)


def test_refuses_a_secret_that_is_too_long() -> None:
    with pytest.raises(ValueError, match="the secret HUGE has 16385 characters; at most 16384"):
        Redactor({"HUGE": "x" * 16_385})


@pytest.mark.parametrize(
    ("name", "value", "mark"),
    [
        ("PASSWORD", "PASSWORD", "[redacted]"),
        ("A", "redacted", "█"),
        ("A", "redact", "█"),
        ("A", "[redacted:A]", "[redacted]"),
    ],
)
def test_the_mark_holds_no_secret(name: str, value: str, mark: str) -> None:
    redactor = Redactor({name: value})
    assert redactor.text(f"({value})") == f"({mark})"
    assert redactor.text(redactor.text(f"({value})")) == f"({mark})"


def test_redacts_values_of_every_shape() -> None:
    redactor = Redactor({"KEY": "12345678"})
    value = {"12345678": [12345678, 1.5, True, None, (b"12345678",)], "a12345678": "x12345678x"}
    assert redactor.value(value) == {
        "[redacted:KEY]": ["[redacted:KEY]", 1.5, True, None, (b"[redacted:KEY]",)],
        "a[redacted:KEY]": "x[redacted:KEY]x",
    }
    assert redactor.value({2: float("inf")}) == {2: float("inf")}


def test_keys_that_become_alike_are_all_kept() -> None:
    redacted = Redactor({"KEY": "s3cret/value"}).value({"s3cret/value": 1, "s3cret%2Fvalue": 2})
    assert redacted == {"[redacted:KEY]": 1, "[redacted:KEY]′": 2}


def test_values_too_deep_to_search_are_left_out() -> None:
    nested: Any = "s3cret-value"
    for _ in range(5000):
        nested = [nested]
    redacted = json.dumps(Redactor({"KEY": "s3cret-value"}).value(nested))
    assert f"nested deeper than {DEEPEST_VALUE} levels" in redacted
    assert "s3cret" not in redacted


secrets = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"]), min_size=6, max_size=90
)
harmless = st.text("abc .:,", max_size=12)


def nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(leaves, inner, min_size=1, max_size=3),
    )


@given(st.data(), secrets)
def test_a_planted_secret_appears_in_no_form(data: st.DataObject, secret: str) -> None:
    forms = [
        WRITINGS[outer](WRITINGS[inner](secret)) for outer in WRITINGS for inner in ("plain", "json", "html", "url")
    ]
    forms += [form for before in ("", "a", "ab") for form in base64_in(secret, before, "")]
    planted = st.tuples(harmless, st.sampled_from(forms), harmless).map("".join)
    value = data.draw(nested(planted))
    redactor = Redactor({"K": secret})
    redacted = redactor.value(value)
    written = json.dumps(redacted, ensure_ascii=False)
    for form in (secret, json.dumps(secret)[1:-1], urllib.parse.quote(secret, safe=""), html.escape(secret)):
        assert form not in written
    for before in range(3):
        start = -(-8 * before // 6)
        digits = base64.b64encode(bytes(before) + secret.encode())[start : 8 * (before + len(secret.encode())) // 6]
        assert digits.decode() not in written
    assert redactor.value(redacted) == redacted


@given(st.text(), st.binary())
def test_what_holds_no_secret_is_unchanged(text: str, raw: bytes) -> None:
    redactor = Redactor({"KEY": "a-secret-that-chance-does-not-hit"})
    assert redactor.text(text) == text
    assert redactor.data(raw) == raw


@pytest.mark.parametrize(
    "name",
    [
        *("api_key", "X-Goog-Api-Key", "apiKey", "KEYS", "keyId", "GEMINI_API_KEY", "access_token", "clientSecret"),
        *("Authorization", "db_password", "PASSWD", "passphrase", "credentials"),
    ],
)
def test_names_that_secrets_go_by(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize("name", ["keyboard", "KEYBOARD", "keystone", "prompt", "url", "HOME", "passed", ""])
def test_names_that_secrets_do_not_go_by(name: str) -> None:
    assert not looks_secret(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 漢 👍🏽 text\n\tindented", "plain é 漢 👍🏽 text\n\tindented"),
        ("\x1b[31mred\x1b[0m", "\\u001b[31mred\\u001b[0m"),
        ("a\r\nb\0", "a\\u000d\nb\\u0000"),
        ("user\u202enimda", "user\\u202enimda"),
        ("\u2066x\u2069\u200f", "\\u2066x\\u2069\\u200f"),
        ("a\u2028b\u200bc\ufeff", "a\\u2028b\\u200bc\\ufeff"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("\x85\x9f", "\\u0085\\u009f"),
    ],
)
def test_shows_what_acts_unseen(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_what_is_shown_can_be_written_and_is_stable(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    assert shown.encode("utf-8").decode() == shown
