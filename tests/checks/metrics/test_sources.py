"""Each file once, and each thing that is no readable file by its name and remedy."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from checks.metrics.engine import read_windows
from checks.metrics.errors import LogSourceError
from checks.metrics.sources import resolve
from tests.checks.metrics.corpus import START, record, write_lines


def test_a_file_counts_once_however_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = write_lines(tmp_path / "a.jsonl", record(START))
    (tmp_path / "soft.jsonl").symlink_to(log)
    (tmp_path / "hard.jsonl").hardlink_to(log)
    (tmp_path / "folder.jsonl").mkdir()
    monkeypatch.chdir(tmp_path)
    found = resolve(["a.jsonl", log, tmp_path / "soft.jsonl", "*.jsonl", f"{tmp_path}/../{tmp_path.name}/hard.jsonl"])
    assert [file.path for file in found.files] == [log]
    assert found.notes == ()


def test_a_name_with_magic_characters_is_a_file_where_there_is_one(tmp_path: Path) -> None:
    log = write_lines(tmp_path / "a[1].jsonl", record(START))
    assert [file.path for file in resolve([log]).files] == [log]


def test_a_pattern_goes_into_folders(tmp_path: Path) -> None:
    (tmp_path / "x" / "y").mkdir(parents=True)
    log = write_lines(tmp_path / "x" / "y" / "a.jsonl", record(START))
    assert [file.path for file in resolve([f"{tmp_path}/**/*.jsonl"]).files] == [log]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone.jsonl", "gone.jsonl: there is no such file; check the path"),
        ("*.jsonl", r"\*.jsonl: no file matches this pattern; check the folder"),
        ("folder", r"folder: it is a folder; name files, as .*/folder/\*.jsonl\*"),
        ("pipe", "pipe: it is not a regular file; copy"),
        ("loop", "loop: it can't be opened"),
        ("nul\0byte", "it can't be opened"),
    ],
)
def test_what_cannot_be_read_is_named_with_a_remedy(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LogSourceError, match=message) as caught:
        resolve([tmp_path / name])
    assert caught.value.remedy


def test_a_file_without_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = write_lines(tmp_path / "a.jsonl", record(START))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(LogSourceError, match=r"a.jsonl: reading it is not permitted; let this user read it"):
        resolve([log])


def test_no_path_at_all_is_named() -> None:
    with pytest.raises(LogSourceError, match="no log file: none was named; name files or patterns"):
        resolve([])


def test_a_zstd_file_without_its_end_gives_no_measure(tmp_path: Path) -> None:
    packed = tmp_path / "a.zst"
    packed.write_bytes(b"\x28\xb5\x2f\xfd")
    table = read_windows([packed], log_format="image-proxy")
    assert table.unknown_reason == f"ends early, its last part is missing: {packed}"


def test_a_damaged_archive_beside_a_log_gives_no_measure(tmp_path: Path) -> None:
    log = write_lines(tmp_path / "a.jsonl", record(START))
    packed = tmp_path / "b.gz"
    packed.write_bytes(b"\x1f\x8b\x08\x00" + b"\xff" * 40)
    assert "its last part is missing" in (read_windows([log, packed]).unknown_reason or "")


def test_a_file_that_goes_after_it_was_found_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = write_lines(tmp_path / "a.jsonl", record(START))
    found = resolve([log])
    log.unlink()
    monkeypatch.setattr("checks.metrics.engine.resolve", lambda _: found)
    with pytest.raises(LogSourceError, match="it can't be read"):
        read_windows([log])
