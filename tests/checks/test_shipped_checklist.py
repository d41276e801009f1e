"""The checklist that ships: every line that the original page claims is covered, by its own words."""

import json
from pathlib import Path

import pytest

from checks.linting import lint_checklist

ROOT = Path(__file__).parents[2]
LINES = {int(line): text for line, text in json.loads((Path(__file__).parent / "page_lines.json").read_text()).items()}


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The page with nothing but the lines that claim something, each in its place."""
    path = tmp_path / "page.md"
    path.write_text("".join(f"{LINES.get(number, '')}\n" for number in range(1, max(LINES) + 1)))
    return path


def test_it_has_no_error_and_covers_every_line(page: Path) -> None:
    errors, warnings = lint_checklist(ROOT / "checklist.yaml", page, {})
    assert [str(each) for each in errors] == []
    assert [str(each) for each in warnings] == []


def test_a_line_that_is_new_on_the_page_is_named(page: Path) -> None:
    page.write_text(page.read_text() + "- [ ] **Something new**\n")
    errors, _ = lint_checklist(ROOT / "checklist.yaml", page, {})
    assert [each.message for each in errors] == ["nothing covers this line: **Something new**"]


def test_a_line_that_changed_on_the_page_is_named(page: Path) -> None:
    page.write_text(page.read_text().replace("Error rate < 5%", "Error rate < 7%"))
    errors, _ = lint_checklist(ROOT / "checklist.yaml", page, {})
    assert {each.message.split(" covers ")[0] for each in errors} == {"monitor-errors", "error-rate"}
