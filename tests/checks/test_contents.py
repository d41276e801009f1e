from __future__ import annotations

import os
from pathlib import Path

import pytest

from checks.contents import UnreadableError, chunks_of, is_there, open_regular, read_bounded


def test_reads_up_to_the_limit_and_no_further(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_bounded(path, limit=5) == b"12345"
    assert b"".join(chunks_of(path)) == b"12345"
    with pytest.raises(UnreadableError, match="more than 4 bytes"):
        read_bounded(path, limit=4)


def test_what_is_no_regular_file_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(UnreadableError, match="not a regular file"):
            open_regular(path)


@pytest.mark.parametrize("name", ["none", "file/none", "none\0", "n" * 300])
def test_a_file_that_cannot_be_opened_is_named_with_the_reason(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnreadableError, match=str(tmp_path)):
        read_bounded(tmp_path / name)


def test_being_there_is_told_from_not_being_known(tmp_path: Path) -> None:
    assert is_there(tmp_path)
    assert not is_there(tmp_path / "none")
    for name in ("none\0", "n" * 300):
        with pytest.raises(UnreadableError):
            is_there(tmp_path / name)
