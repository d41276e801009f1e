from __future__ import annotations

from pathlib import Path

import pytest

from checks.errors import ConfigurationError
from checks.linting import lint_checklist
from tests.checks.running import checklist, stage, told, write

pytestmark = pytest.mark.usefixtures("plugin")

PAGE = """# Release
1. Build it
- [ ] **Tests** pass
  - Status: ✅ 217
- Cache: ✅ works

| what | state |
|------|-------|
| API  | done  |

Just text.
"""


def lint(path: Path, page: Path | None = None) -> tuple[list[str], list[str]]:
    errors, warnings = lint_checklist(path, page, {})
    return [str(each) for each in errors], [str(each) for each in warnings]


def test_a_clean_checklist_needs_no_variable(tmp_path: Path) -> None:
    assert lint(write(tmp_path, checklist(stage(told("a", note="${env:NONE} ${target.url}"))))) == ([], [])


def test_mistakes_of_every_profile_are_told_once(tmp_path: Path) -> None:
    check = told("a", timeout="${limit}", note="x", retry={"times": "${tries}"})
    profiles = {"one": {"limit": "5s", "tries": 0}, "two": {"limit": "5MB", "tries": 0}}
    errors, _ = lint(write(tmp_path, checklist(stage(check), profiles=profiles)))
    assert len(errors) == 2
    assert "timeout: a span takes a unit" in errors[0]
    assert "times: Input should be greater than or equal to 1; given 0" in errors[1]


def test_an_expectation_that_cannot_fail_is_a_warning(tmp_path: Path) -> None:
    errors, warnings = lint(write(tmp_path, checklist(stage(told("a", None, expect={"value": {"at_least": 0}})))))
    assert errors == []
    assert warnings[0].endswith("a: value at least 0 cannot fail")


def test_lines_of_the_page_that_nothing_covers_are_named(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    path = write(tmp_path, checklist(stage(told("a", covers={"line": 3, "text": "**Tests** pass"}))))
    assert lint(path, page)[0] == [
        f"{page}:2:1: nothing covers this line: Build it",
        f"{page}:5:1: nothing covers this line: - Cache: ✅ works",
        f"{page}:9:1: nothing covers this line: | API  | done  |",
    ]


def test_checks_criteria_steps_and_approvals_cover(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    path = write(
        tmp_path,
        checklist(
            stage(told("a", covers=[{"line": 3, "text": "Tests"}])),
            rollback={
                "criteria": [{"id": "c", "title": "C", "any_fails": ["a"], "covers": {"line": 2, "text": "Build"}}],
                "procedure": [{"id": "p", "title": "P", "do": [["x"]], "covers": {"line": 5, "text": "Cache"}}],
            },
            approvals=[{"role": "lead", "covers": {"line": 9, "text": "API"}}],
        ),
    )
    assert lint(path, page) == ([], [])


@pytest.mark.parametrize("covers", [{"line": 3, "text": "Nothing like it"}, {"line": 99, "text": "Tests"}])
def test_a_quotation_that_does_not_stand_there_is_named(tmp_path: Path, covers: dict[str, object]) -> None:
    page = tmp_path / "page.md"
    page.write_text("- [ ] a\n\n- [ ] **Tests** pass\n")
    path = write(tmp_path, checklist(stage(told("a", covers=[covers, {"line": 1, "text": "a"}]))))
    errors, _ = lint(path, page)
    assert f"a covers line {covers['line']}, {covers['text']!r}, which does not stand there in {page}" in errors[0]
    assert errors[0].startswith(f"{path}:")


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_page_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    page = tmp_path / "page.md"
    if content is not None:
        page.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"page\.md: cannot read the page"):
        lint(write(tmp_path, checklist(stage(told("a")))), page)
