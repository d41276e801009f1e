from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from checks.contents import UnreadableError
from checks.kinds.files import FilesCheck
from checks.outcome import Status
from checks.wildcards import matching
from tests.checks.kinds.conftest import Make, MakeContext


@pytest.fixture
def accounts(context: MakeContext) -> Path:
    folder = context().root / "accounts"
    folder.mkdir()
    for number in range(3):
        path = folder / f"{number}.json"
        path.write_text(json.dumps({"name": f"n{number}", "disabled": number == 2}))
        path.chmod(0o600)
    return folder


def test_counts_what_matches(accounts: Path, make: Make, context: MakeContext) -> None:
    seen = make(FilesCheck, pattern="accounts/*.json").observe(context()).properties
    assert (seen["exists"], seen["count"], seen["total"], seen["unparsed"]) == (True, 3, 3, 0)
    assert seen["names"] == ["0.json", "1.json", "2.json"]
    assert 0 <= seen["newest_age"].value < 60
    assert seen["size"].value == sum(path.stat().st_size for path in accounts.iterdir())


def test_counts_only_those_that_are_as_asked(accounts: Path, make: Make, context: MakeContext) -> None:
    (accounts / "1.json").chmod(0o644)
    where = {"mode": "0600", "value": False, "size": {"above": "0B"}}
    seen = make(FilesCheck, pattern="accounts/*.json", where=where, query="disabled").observe(context()).properties
    assert (seen["count"], seen["total"], seen["names"]) == (1, 3, ["0.json"])


def test_a_broken_file_does_not_count(accounts: Path, make: Make, context: MakeContext) -> None:
    (accounts / "broken.json").write_text("{")
    check = make(
        FilesCheck,
        pattern="accounts/*.json",
        where={"value": True},
        query="disabled",
        expect={"count": {"at_least": 1}},
    )
    observation = check.observe(context())
    assert (observation.properties["count"], observation.properties["unparsed"]) == (1, 1)
    assert "broken.json" in observation.reason


def test_a_broken_file_makes_a_pass_uncertain(accounts: Path, make: Make, context: MakeContext) -> None:
    (accounts / "broken.json").write_text("{")
    check = make(FilesCheck, pattern="accounts/*.json", where={"value": "x"}, query="name", expect={"count": 0})
    assert check.observe(context()).properties["count"] is None


def test_zero_in_a_folder_that_is_there(accounts: Path, make: Make, context: MakeContext) -> None:
    observation = make(FilesCheck, pattern="accounts/*.tmp", expect={"count": 0}).observe(context())
    assert observation.status is None
    assert (observation.properties["count"], observation.properties["newest_age"]) == (0, None)


def test_zero_in_a_folder_that_is_not_there_passes_nothing(make: Make, context: MakeContext) -> None:
    zero = make(FilesCheck, pattern="none/*.tmp", expect={"count": 0}).observe(context())
    assert zero.status is Status.NO_DATA
    assert "does not exist" in zero.reason
    some = make(FilesCheck, pattern="none/*.json", expect={"count": {"at_least": 1}}).observe(context())
    assert (some.status, some.properties["count"]) == (None, 0)
    meant = make(FilesCheck, pattern="none/*", expect={"count": 0, "exists": False}).observe(context())
    assert (meant.status, meant.properties["exists"]) == (None, False)


def test_a_stopped_run_counts_no_further(accounts: Path, make: Make, context: MakeContext) -> None:
    given = context()
    given.stop.set()
    assert make(FilesCheck, pattern="accounts/*").observe(given).status is Status.ERROR


def test_a_pattern_through_a_file_is_an_error(accounts: Path, make: Make, context: MakeContext) -> None:
    observation = make(FilesCheck, pattern="accounts/0.json/*").observe(context())
    assert observation.status is Status.ERROR
    assert "Not a directory" in observation.reason


def test_a_property_that_a_file_does_not_have_is_refused(make: Make) -> None:
    with pytest.raises(ValidationError, match="a file has no colour"):
        make(FilesCheck, pattern="*", where={"colour": "red"})


def test_a_value_needs_a_query(make: Make) -> None:
    with pytest.raises(ValidationError, match="query"):
        make(FilesCheck, pattern="*", where={"value": 1})


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


def test_a_folder_that_may_not_be_read_is_an_error(
    accounts: Path, make: Make, context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("checks.wildcards.os.scandir", refused)
    observation = make(FilesCheck, pattern="accounts/*.json", expect={"count": 0}).observe(context())
    assert observation.status is Status.ERROR
    assert "Permission denied" in observation.reason
