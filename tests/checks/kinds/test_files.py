from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from checks.kinds.files import FilesCheck
from checks.outcome import Status
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


def test_a_folder_that_may_not_be_read_is_an_error(
    accounts: Path, make: Make, context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("checks.wildcards.os.scandir", refused)
    observation = make(FilesCheck, pattern="accounts/*.json", expect={"count": 0}).observe(context())
    assert observation.status is Status.ERROR
    assert "Permission denied" in observation.reason
