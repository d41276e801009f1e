from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.page import claims


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("- [ ] Build", "Build"),
        ("* [x] Build", "Build"),
        ("  + [X] **Build** it", "**Build** it"),
        ("1. [ ] Boxed step", "Boxed step"),
        ("2) Step", "Step"),
        ("   3. Nested step", "Nested step"),
        ("**Result**: ✅ good", "**Result**: ✅ good"),
        ("| a | b |", "| a | b |"),
    ],
)
def test_what_claims(line: str, text: str) -> None:
    assert [(claim.line, claim.text) for claim in claims(f"# Title\n{line}\n")] == [(2, text)]


@pytest.mark.parametrize(
    "line", ["# 1. Heading", "- plain", "text", "  - Status: ✅ done", "- **Status**: ✅", "|---|---|", ""]
)
def test_what_does_not_claim(line: str) -> None:
    assert list(claims(f"# Title\n{line}\n")) == []


def test_the_head_of_a_table_claims_nothing_and_its_rows_do() -> None:
    page = "| what | state |\n|:-----|------:|\n| one | ✅ |\n| two | ✅ |\n"
    assert [claim.line for claim in claims(page)] == [3, 4]


@given(st.text())
def test_any_page_has_claims_in_order_each_line_once(page: str) -> None:
    lines = [claim.line for claim in claims(page)]
    assert lines == sorted(set(lines))
