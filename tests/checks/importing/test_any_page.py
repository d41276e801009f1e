"""Whatever stands on a page: its checklist is free of errors and covers every line that the page claims."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from checks.errors import ConfigurationError
from checks.importing.page import import_page
from checks.linting import lint_checklist
from checks.page import claims

WRITTEN = r"""
# Release 1|## Sign-offs|## Rollback criteria|### Rollback procedure|## Next steps|- [ ] |  - [x] |1. |2) [ ] |```bash
```|~~~|  ```|Expected: 200 OK|✅ done|**Staging**:|export A_B=1|ls -la ~/x/ # 755 permissions|echo $HOME_DIR
curl -s http://localhost:80/x -d '{"prompt": "abcd"}'|grep "Cache hit" a.log |error rate < 5% for 5 minutes
repeat Test 1, faster|`cargo test`|cp a.db b # backup|no errors in logs|File: `a/b.md`|${x}|$${y}|'|"|#|<5s latency
- **Name**: x|curl {|tar -czf x $(date) y # backup|[a](b)|**|`|\\|First request|Second request (same) fast
lsof -i :99999
"""
PIECES = [
    *WRITTEN.strip().replace("\n", "|").split("|"),
    *("| a | b |", "|---|---|", "\x0b", "\u2028", "\x85", "\ufeff", "\U0001f600", "\t- [ ] "),
]
line = st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=4).map("".join)
pages = st.lists(line, max_size=25).map("\n".join)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pages)
@example("- [ ] \n```\n- [ ] `a\n")
@example("- [ ] ${env:HOME} ${x}\n## Sign-off\n- [ ] **A**\n- [ ] **A**\n")
@example("## Rollback procedure\n1. Stop\n   ```\n   rm -rf ${x}\n   ```\n- [ ] curl `curl http://localhost/$A`\n")
def test_every_page_imports_clean_and_covered(tmp_path: Path, text: str) -> None:
    page, checklist = tmp_path / "page.md", tmp_path / "checklist.yaml"
    page.write_bytes(text.encode("utf-8", "replace"))
    text = page.read_bytes().decode()
    if not list(claims(text)):
        with pytest.raises(ConfigurationError, match="is on the page"):
            import_page(text, "page.md")
        return
    made = import_page(text, "page.md")
    checklist.write_text(made.text, encoding="utf-8", newline="")
    errors, _ = lint_checklist(checklist, page, {})
    assert [str(each) for each in errors] == []
    assert import_page(text, "page.md") == made


def test_only_the_beginning_of_a_huge_line_is_looked_at() -> None:
    text = "- [ ] " + "a<5 < hits for errors in `" * 30_000 + "\n- [ ] ok\n"
    assert "ok" in import_page(text, "page.md").text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("# A title\n\nand no claim\n", "no box, numbered step, table row or tick is on the page"),
        (
            "- [ ] one of many\n" * 2001,
            "2001 lines claim something; at most 2000 go into one checklist: split the page",
        ),
        (f"- [ ] {'é' * 900}\n" * 500, "its checklist would be larger than 1 MiB; split the page"),
    ],
)
def test_what_makes_no_checklist_is_refused(text: str, why: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        import_page(text, "page.md")
    assert str(refused.value) == f"page.md: {why}"
