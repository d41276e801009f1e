from __future__ import annotations

from pathlib import Path

import pytest

from checks.contents import UnreadableError
from checks.wildcards import matching


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.py", ["top.py"]),
        ("**/*.py", ["a/b/deep.py", "a/one.py", "top.py"]),
        ("a/**/*.py", ["a/b/deep.py", "a/one.py"]),
        ("a/**", ["a/b", "a/b/deep.py", "a/one.py"]),
        ("a/[op]ne.py", ["a/one.py"]),
        ("*/one.py", ["a/one.py"]),
        ("a/one.py", ["a/one.py"]),
        ("a/none.py", []),
        ("?op.py", ["top.py"]),
        (".h*", [".hidden"]),
    ],
)
def test_patterns(pattern: str, found: list[str], tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("top.py", "a/one.py", "a/b/deep.py", ".hidden"):
        (tmp_path / name).write_text("")
    (tmp_path / "a" / "b" / "loop").symlink_to(tmp_path / "none")
    matches = [str(path.relative_to(tmp_path)) for path in matching(tmp_path / pattern)]
    assert [name for name in matches if "loop" not in name] == found


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    assert [path.name for path in matching(tmp_path / "**")] == ["loop"]


def test_half_a_list_is_never_returned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checks.wildcards.MAXIMUM_ENTRIES", 3)
    for number in range(4):
        (tmp_path / str(number)).write_text("")
    with pytest.raises(UnreadableError, match="more than 3 entries"):
        matching(tmp_path / "*")
