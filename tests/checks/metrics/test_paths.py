"""The database's own reader and the reading piece by piece give the same table, of whatever bytes."""

from __future__ import annotations

import gzip
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.metrics.counting import Counting
from checks.metrics.engine import read_windows
from checks.metrics.table import WindowTable
from tests.checks.metrics.corpus import START, VERSION, make_corpus, record, write_lines

LATER = START + timedelta(days=1)

TEXT_LINES = (
    "2026-01-11T12:00:00.123456789+02:00  INFO app::handlers::openai: [Images] \U0001f3af Cache hit for model=m, x=1",
    "2026-01-11T12:00:01.5+02:00  INFO app::handlers::openai: [Images] Successfully made 1 out of 2 images",
    '2026-01-11T10:00:02Z ERROR app::handlers::openai: failed. Details: {"a": [',
    "1]}",
    '} error_type="API_ERROR" account_email=a@b.c model=m prompt_hash=00 generation_time_ms=12 aspect_ratio=1:1 n=1'
    " safety_threshold=OFF status_code=502",
    "2026-01-11T10:00:03Z  INFO app::handlers::openai: [Images] received: model=m, prompt=a..., n=1, size=1x1,"
    " quality=hd, style=vivid",
    "2026-01-11T10:00:04Z ERROR app::client: dump",
    "",
    "\x1a",
)
BYTES = (b"\xff", b"\r", b"\x00", b"\x01", b"\xef\xbb\xbf", b'"', b"\t", b"\xc2\x85", b"\xe2\x80\xa8", b",")


def tables(monkeypatch: pytest.MonkeyPatch, path: Path, log_format: str) -> tuple[WindowTable, WindowTable]:
    def refuse(*_: object) -> bool:
        return False

    clean = read_windows([path], log_format=log_format, now=LATER)
    with monkeypatch.context() as patch:
        patch.setattr(Counting, "_count_range", refuse)
        return clean, read_windows([path], log_format=log_format, now=LATER)


@settings(deadline=None, max_examples=15)
@given(
    lines=st.lists(
        st.one_of(
            st.sampled_from(TEXT_LINES).map(str.encode),
            st.tuples(st.sampled_from(TEXT_LINES).map(str.encode), st.sampled_from(BYTES)).map(b"".join),
            st.binary(max_size=20),
        ),
        max_size=12,
    ),
    end=st.sampled_from([b"\n", b"", b"\r\n"]),
)
def test_both_ways_read_the_same_of_any_bytes(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], end: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "app.log"
    path.write_bytes(b"\n".join(lines) + end)
    with pytest.MonkeyPatch.context() as patch:
        clean, careful = tables(patch, path, "antigravity")
    assert clean == careful, path.read_bytes()
    raw = path.read_bytes()
    assert clean.coverage.lines == raw.count(b"\n") + (bool(raw) and not raw.endswith(b"\n"))


@pytest.mark.parametrize("seed", range(3))
def test_both_ways_read_the_same_of_every_trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    make_corpus(tmp_path, seed)
    for path in sorted(tmp_path.glob("image-proxy.jsonl*")):
        clean, careful = tables(monkeypatch, path, "image-proxy")
        assert clean == careful


def test_a_file_packed_or_not_is_read_the_same(tmp_path: Path) -> None:
    lines = [record(START + timedelta(seconds=second), request_id=str(second)) for second in range(200)]
    plain = write_lines(tmp_path / "a.jsonl", *lines)
    packed = tmp_path / "b.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    one, other = (read_windows([path], versions=frozenset({VERSION}), now=LATER) for path in (plain, packed))
    assert (one.rows, one.coverage, one.notes) == (other.rows, other.coverage, other.notes)
