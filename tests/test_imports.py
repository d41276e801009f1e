"""Imports go one way: proxy stands alone; checks ← reports ← signoff."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "proxy": {"proxy"},
    "checks": {"checks"},
    "reports": {"checks", "reports"},
    "signoff": {"checks", "reports", "signoff"},
}
FILES = [path for package in ALLOWED for path in sorted((ROOT / package).rglob("*.py"))]


def imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide their direction"
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_each_file_imports_only_what_its_house_may(path: Path) -> None:
    house = path.relative_to(ROOT).parts[0]
    ours = {name for name in imported(path.read_text()) if name in {*ALLOWED, "tests"}}
    assert ours <= ALLOWED[house]


def test_a_wrong_import_is_seen() -> None:
    assert set(imported("import checks.run\nfrom signoff import main")) == {"checks", "signoff"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_is_one_concept_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST.get(path.relative_to(ROOT).as_posix(), 250)


LONGEST = {
    "checks/metrics/statements.py": 330,  # the one SQL definition of records and sums, read from top to bottom
    "proxy/command.py": 280,  # every command of image-proxy, each a few lines
    "proxy/settings.py": 360,  # one field a setting, with its meaning
    "checks/comparators.py": 280,  # one small class for each comparator, siblings in one order
    "checks/outcome.py": 350,  # the whole of verdict.json, to be read in one place
    "checks/yaml_reader.py": 285,  # one pass over YAML's events, with every refusal beside its event
}
"""Files that may be longer than 250 lines, each with its reason."""
