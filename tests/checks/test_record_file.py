"""A run's record is read back, or it is said which file is wrong and what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checks.record_file import MAX_BYTES, RecordError, read_record
from tests.reports import records


def written(run: Path, content: str | bytes) -> Path:
    """The folder with this verdict.json in it."""
    raw = content.encode() if isinstance(content, str) else content
    (run / "verdict.json").write_bytes(raw)
    return run


def refusal(run: Path) -> str:
    """What reading the run says."""
    with pytest.raises(RecordError) as caught:
        read_record(run)
    assert caught.value.path in {run, run / "verdict.json"}
    assert str(caught.value) == f"{caught.value.path}: {caught.value.problem}; {caught.value.remedy}"
    assert caught.value.remedy
    return str(caught.value)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    record = records.no_go()
    assert read_record(written(tmp_path, record.model_dump_json(indent=2))) == record


def test_no_folder(tmp_path: Path) -> None:
    assert "is not a folder" in refusal(tmp_path / "absent")


def test_no_verdict_yet(tmp_path: Path) -> None:
    assert "verdict.json: does not exist; wait for the run to end" in refusal(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "\x00", b"\xff\xfe", "[" * 100_000])
def test_no_json(tmp_path: Path, content: str | bytes) -> None:
    assert "is not JSON" in refusal(written(tmp_path, content))


@pytest.mark.parametrize("content", ["[]", "null", "{}", '{"schema_version": "1"}', '{"schema_version": true}'])
def test_json_of_something_else(tmp_path: Path, content: str) -> None:
    assert "is no record of a run" in refusal(written(tmp_path, content))


def test_a_newer_schema(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, '{"schema_version": 2, "unheard": "of"}'))
    assert "has schema_version 2, and this signoff reads 1; use the newer signoff" in said


def test_an_unknown_status_is_named_with_its_place(tmp_path: Path) -> None:
    raw = json.loads(records.go().model_dump_json())
    raw["checks"][0]["status"] = "splendid"
    said = refusal(written(tmp_path, json.dumps(raw)))
    assert "checks.0.status" in said
    assert "splendid" not in said


def test_more_than_a_run_can_write(tmp_path: Path) -> None:
    run = written(tmp_path, "")
    with (run / "verdict.json").open("r+b") as stream:
        stream.truncate(MAX_BYTES + 1)
    assert "has more than 64 MiB" in refusal(run)


def test_a_folder_where_the_file_should_be(tmp_path: Path) -> None:
    (tmp_path / "verdict.json").mkdir()
    assert "cannot be read: Is a directory; correct its permissions" in refusal(tmp_path)
