"""Escaped text is one line that a Markdown parser reads back as plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from checks.redaction import visible
from reports import escaping
from tests.reports.hostile import texts

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def inline(markdown: str) -> list[Token]:
    """The inline tokens of the only cell of a table with this text in it."""
    tokens = [token for token in MARKDOWN.parse(f"| a |\n|---|\n| {markdown} |\n") if token.type == "inline"]
    assert len(tokens) == 2, "the cell did not stay one cell"
    return tokens[1].children or []


def read_back(markdown: str) -> str:
    """What a cell shows."""
    return "".join(token.content for token in inline(markdown) if token.type in {"text", "code_inline"})


@given(texts())
def test_text_reads_back_as_it_was(text: str) -> None:
    escaped = escaping.text(text)
    assert read_back(escaped) == escaping.plain(text)
    assert {token.type for token in inline(escaped)} <= {"text", "code_inline"}


@given(texts())
def test_text_starts_no_block_of_its_own(text: str) -> None:
    blocks = [token.type for token in MARKDOWN.parse(f"- {escaping.text(text) or 'nothing'}\n")]
    assert blocks == [
        "bullet_list_open",
        "list_item_open",
        "paragraph_open",
        "inline",
        "paragraph_close",
        "list_item_close",
        "bullet_list_close",
    ]


@given(texts())
def test_code_reads_back_as_it_was(text: str) -> None:
    assert read_back(escaping.code(text)) == escaping.plain(text)


@given(texts())
def test_plain_is_one_visible_line(text: str) -> None:
    line = escaping.plain(text)
    assert not set(line) & set("\n\r\t")
    assert visible(line) == line


def test_direction_marks_and_terminal_sequences_are_written_out() -> None:
    assert escaping.plain("a\u202eb\x1b[31mc\x00") == "a\\u202eb\\u001b[31mc\\u0000"


def test_long_text_is_cut_and_says_how_long_it_was() -> None:
    cut = escaping.plain("x" * 5000)
    assert cut == "x" * escaping.LONGEST + "… (5000 characters)"


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("snake_case stays, _this_ not", r"snake_case stays, \_this\_ not"),
        ("__init__", r"\_\_init\_\_"),
        ("1. one", r"1\. one"),
        ("1.5 s", "1.5 s"),
        ("- item", r"\- item"),
        ("# heading", r"\# heading"),
        ("see http://127.0.0.1:8045/x", "see `http://127.0.0.1:8045/x`"),
        ("ask @dev", "ask `@dev`"),
        ("fixes #12", "fixes `#12`"),
        ("a|b", r"a\|b"),
        ("<script>", r"&lt;script\>"),
        ("&lt;", r"\&lt;"),
    ],
)
def test_text_is_written_so(given: str, written: str) -> None:
    assert escaping.text(given) == written


def test_a_code_span_has_a_longer_fence_than_any_run_inside() -> None:
    assert escaping.code("a``b`c") == "```a``b`c```"
    assert escaping.code("`a`") == "`` `a` ``"


def test_a_pipe_is_no_part_of_a_code_span_in_a_table() -> None:
    assert escaping.code("a|`b") == r"a\|\`b"


def test_a_link_without_a_target_is_its_label() -> None:
    assert escaping.link("a[b]", None) == r"a\[b\]"
    assert escaping.link("", "evidence/x") == "[—](evidence/x)"


def test_a_links_target_holds_no_entity() -> None:
    target = "https://example.org/?a=1&copy=2&lt;"
    (opened, *_) = inline(escaping.link("x", target))
    assert opened.attrs["href"] == target


def test_what_is_escaped_already_is_left_alone() -> None:
    assert escaping.text(Markup("<br>")) == "<br>"
    assert escaping.stacked([Markup("<b>"), "<b>"]) == r"<b><br>&lt;b\>"
    assert escaping.stacked([]) == "—"
