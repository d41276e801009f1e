"""What was packed into a file is read, all of it or with an error."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.metrics.compression import DAMAGED, compressed, open_plain

PACKERS = pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])


@PACKERS
@settings(max_examples=30, deadline=None)
@given(parts=st.lists(st.binary(max_size=300_000), max_size=4))
def test_packed_parts_are_read_as_one(
    tmp_path_factory: pytest.TempPathFactory, pack: Callable[[bytes], bytes], parts: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("packed") / "a"
    path.write_bytes(b"".join(pack(part) for part in parts))
    assert compressed(path) is bool(parts)
    with open_plain(path) as stream:
        assert stream.read() == b"".join(parts)


@PACKERS
@pytest.mark.parametrize("missing", [1, 4, 2000])
def test_a_packed_file_that_is_cut_short_is_an_error(
    tmp_path: Path, pack: Callable[[bytes], bytes], missing: int
) -> None:
    path = tmp_path / "a"
    path.write_bytes((pack(bytes(range(256)) * 20) + pack(b"".join(b"%d" % n for n in range(3000))))[:-missing])
    with open_plain(path) as stream, pytest.raises(DAMAGED):
        stream.read()


def test_a_plain_file_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(b"x")
    assert not compressed(path)
    with open_plain(path) as stream:
        assert stream.read() == b"x"
