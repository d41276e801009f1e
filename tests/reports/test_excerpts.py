"""Beginnings of evidence: what did not pass first, bounded, and never of a file that is not the recorded one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from checks.outcome import EvidenceFile, Result, Status
from reports import excerpts
from reports.excerpts import MOST_CHARACTERS, excerpts_of
from tests.reports import records


def kept(run: Path, name: str, content: bytes, status: Status = Status.PASS) -> Result:
    path = run / "evidence" / name / "out.txt"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    file = EvidenceFile(name="out.txt", path=f"evidence/{name}/out.txt", sha256=digest, bytes=len(content))
    return records.result(name, status, evidence=(file,))


def test_lines_are_kept_and_what_acts_unseen_is_written_out(tmp_path: Path) -> None:
    result = kept(tmp_path, "a", b"one\n\ttwo\x1b[31m <b>\n")
    (excerpt,) = excerpts_of(tmp_path, records.record((result,))).values()
    assert excerpt.lines == ("one", "    two\\u001b[31m <b>")
    assert excerpt.note == ""


def test_a_long_file_is_cut_and_says_so(tmp_path: Path) -> None:
    result = kept(tmp_path, "a", b"x" * (MOST_CHARACTERS + 5))
    (excerpt,) = excerpts_of(tmp_path, records.record((result,))).values()
    assert excerpt.lines == ("x" * MOST_CHARACTERS,)
    assert excerpt.note == f"the first {MOST_CHARACTERS} of {MOST_CHARACTERS + 5} characters"


def test_what_did_not_pass_is_shown_first_when_there_is_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excerpts, "MOST_OF_ALL", 100)
    checks = (kept(tmp_path, "a", b"x" * 90), kept(tmp_path, "b", b"y" * 120, Status.FAIL))
    assert list(excerpts_of(tmp_path, records.record(checks))) == ["evidence/b/out.txt"]


def test_a_file_that_was_changed_taken_away_or_is_no_text_is_not_shown(tmp_path: Path) -> None:
    checks = [kept(tmp_path, name, content) for name, content in (("a", b"a"), ("b", b"b"), ("c", b"\xff\xfe"))]
    (tmp_path / "evidence/a/out.txt").write_text("other")
    (tmp_path / "evidence/b/out.txt").unlink()
    outside = EvidenceFile(name="passwd", path="../passwd", sha256="0" * 64, bytes=1)
    checks.append(records.result("d", Status.PASS, evidence=(outside,)))
    found = excerpts_of(tmp_path, records.record(tuple(checks)))
    assert {path: (each.lines, each.note) for path, each in found.items()} == {
        "evidence/a/out.txt": ((), "is not what verdict.json says it was"),
        "evidence/b/out.txt": ((), "cannot be read: No such file or directory"),
    }
